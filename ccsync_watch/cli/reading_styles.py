"""The colours in which conversations are read: legible on light and on dark terminals.

Nobody knows which one it is. On either one, yellow or blue and the bright colours are hard to read,
and a background of ours is a bar across the text; so only what is left is used.
"""

from __future__ import annotations

from pygments import token
from rich.style import Style
from rich.syntax import ANSISyntaxTheme
from rich.theme import Theme

MARK = "bold red"
"""What was searched for, as grep shows it."""

MARKDOWN_THEME = Theme(
    {
        "markdown.code": "bold cyan",
        "markdown.code_block": "cyan",
        "markdown.link": "cyan",
        "markdown.link_url": "underline cyan",
        "markdown.kbd": "bold",
    }
)

_CODE = {
    token.Token: "",
    token.Comment: "dim",
    token.Keyword: "magenta",
    token.Operator.Word: "magenta",
    token.Name.Builtin: "cyan",
    token.Name.Decorator: "cyan",
    token.Name.Class: "bold",
    token.Name.Function: "bold",
    token.Name.Tag: "magenta",
    token.Name.Attribute: "cyan",
    token.Literal.String: "green",
    token.Literal.Number: "cyan",
    token.Generic.Deleted: "red",
    token.Generic.Inserted: "green",
    token.Generic.Heading: "bold",
    token.Generic.Subheading: "cyan",
    token.Generic.Prompt: "bold",
    token.Generic.Error: "red",
    token.Error: "red",
}
CODE_THEME = ANSISyntaxTheme({kind: Style.parse(style) for kind, style in _CODE.items()})
