"""Turn what was said into HTML that is safe to show, placeholders as chips; pure.

Nothing of a transcript is ever taken for HTML: the renderer escapes it, no raw HTML passes, images
are not loaded, and what comes out is sanitised once more.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Any

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

from ccsync_watch.privacy.engine.placeholders import FORM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.renderer import RendererHTML
    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict

MAX_RENDERED_CHARS = 60_000
"""Longer texts are shown as they are: nobody reads that much formatting, and it takes long."""
_CACHED_TEXTS = 256

_CHIP = re.compile(FORM)
_TAGS = frozenset(
    {
        "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr",
        "li", "ol", "p", "pre", "s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr",
        "ul",
    }
)  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "title"},
    "code": {"class"},
    "ol": {"start"},
    "span": {"class", "title"},
    "td": {"align"},
    "th": {"align"},
}


def plain(text: str) -> Markup:
    """Return a text escaped, its placeholders as chips."""
    return Markup(_chips(escape(text)))  # noqa: S704 - escaped just before


def _chips(escaped: str) -> str:
    if "REDACTED" not in escaped:
        return escaped
    return _CHIP.sub(_chip, escaped)


def _chip(found: re.Match[str]) -> str:
    kind, mark = found[1] or found[3], found[2] or found[4]
    told = f"A secret was removed here: {kind}. Equal marks ({mark}) stand for equal secrets."
    return f'<span class="chip" title="{told}">{kind} <span class="mark">{mark[:4]}</span></span>'


def snippet(text: str, marks: tuple[str, str]) -> Markup:
    """Return a search's snippet: escaped, with the words that were found marked."""
    shown = str(plain(text)).replace(marks[0], "<mark>").replace(marks[1], "</mark>")
    return Markup(shown)  # noqa: S704 - escaped by `plain`


@lru_cache(_CACHED_TEXTS)
def markdown(text: str) -> Markup:
    """Return Markdown as HTML."""
    if len(text) > MAX_RENDERED_CHARS:
        return Markup("<pre class='long'>{}</pre>").format(plain(text))
    made = _RENDERER.render(text)
    safe = nh3.clean(
        made,
        tags=set(_TAGS),
        attributes={name: set(values) for name, values in _ATTRIBUTES.items()},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return Markup(safe)  # noqa: S704 - sanitised just before


def _text(
    _renderer: RendererHTML, tokens: Sequence[Token], at: int, _options: OptionsDict, _env: EnvType
) -> str:
    return _chips(escape(tokens[at].content))


def _code(
    _renderer: RendererHTML, tokens: Sequence[Token], at: int, _options: OptionsDict, _env: EnvType
) -> str:
    return f"<code>{_chips(escape(tokens[at].content))}</code>"


def _block(
    _renderer: RendererHTML, tokens: Sequence[Token], at: int, _options: OptionsDict, _env: EnvType
) -> str:
    return f"<pre><code>{_chips(escape(tokens[at].content))}</code></pre>\n"


def _image(
    _renderer: RendererHTML, tokens: Sequence[Token], at: int, _options: OptionsDict, _env: EnvType
) -> str:
    # Loading it would tell its host that somebody reads this.
    return f"[image: {_chips(escape(tokens[at].content))}]"


def _made_renderer() -> Any:  # noqa: ANN401 - the library's own type is built by its methods
    made = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(
        ["table", "strikethrough"]
    )
    for name, rule in (
        ("text", _text),
        ("code_inline", _code),
        ("code_block", _block),
        ("fence", _block),
        ("image", _image),
    ):
        made.add_render_rule(name, rule)
    return made


_RENDERER = _made_renderer()
