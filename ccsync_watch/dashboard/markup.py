"""Render texts of transcripts as HTML that is safe to show, placeholders as chips.

A transcript is never trusted as HTML: the renderer escapes it, raw HTML does not pass, images are
not loaded, and the output is sanitised once more.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Any

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

from ccsync_watch.dashboard.code_highlighting import highlight, language_of, may_highlight
from ccsync_watch.plain_text import has_sequences, plain_text
from ccsync_watch.privacy.engine.placeholders import FORM
from ccsync_watch.terminal_styles import STYLE_NAMES, read_styles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.renderer import RendererHTML
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict

    from ccsync_watch.model import StyleRun

MAX_RENDERED_CHARS = 60_000
"""Longer texts are shown as they are: rendering them takes long."""
_CACHED_TEXTS = 256

_CHIP = re.compile(FORM)
_STANDING_IN = "\ue000"
"""What a placeholder is while code is coloured: of no language, and private to us."""
_CODE = re.compile("`([^`]+)`")
_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
_TAGS = frozenset(
    {
        "a", "blockquote", "br", "code", "del", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6",
        "hr", "li", "ol", "p", "pre", "s", "span", "strong", "table", "tbody", "td", "th", "thead",
        "tr", "ul",
    }
)  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "title"},
    "code": {"class"},
    "div": {"aria-label", "class", "role", "tabindex"},
    "ol": {"start"},
    "pre": {"data-language"},
    "span": {"class", "title"},
    "td": {"align"},
    "th": {"align"},
}


def render_text(text: str) -> Markup:
    """Return a text escaped, its placeholders as chips."""
    return Markup(_with_chips(escape(plain_text(text))))  # noqa: S704 - escaped just before


def render_terminal_text(text: str, styles: Sequence[StyleRun]) -> Markup:
    """Return a text of a terminal escaped, in its styles; a page's sheet has a class for each."""
    if has_sequences(text):  # stored before styles were
        text, styles = plain_text(text), read_styles(text)
    pieces: list[str] = []
    at = 0
    for start, end, style in styles:
        names = " ".join(f"t-{name}" for name in style.split() if name in STYLE_NAMES)
        pieces += [
            render_text(text[at:start]),
            f'<span class="{names}">{render_text(text[start:end])}</span>',
        ]
        at = end
    return Markup("".join([*pieces, render_text(text[at:])]))  # noqa: S704 - escaped just before


def _with_chips(escaped: str) -> str:
    if "REDACTED" not in escaped:
        return escaped
    return _CHIP.sub(_chip, escaped)


def _chip(match: re.Match[str]) -> str:
    kind, mark = match[1] or match[3], match[2] or match[4]
    title = f"A secret was removed here: {kind}. Equal secrets have equal marks ({mark})."
    return f'<span class="chip" title="{title}">{kind} <span class="mark">{mark[:4]}</span></span>'


def render_message(text: str) -> Markup:
    """Return a text of our own escaped, what is between backticks as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(render_text(text))))  # noqa: S704 - escaped there


def render_snippet(text: str, marks: tuple[str, str]) -> Markup:
    """Return a search's snippet escaped, what is between `marks` as `<mark>`.

    The text itself may have one of them, as what a shell prints has: it opens nothing.
    """
    start, end = map(re.escape, marks)
    pieces = re.split(f"{start}([^{start}{end}]*){end}", text)
    html = (
        f"<mark>{render_text(piece)}</mark>" if at % 2 else str(render_text(piece))
        for at, piece in enumerate(pieces)
    )
    return Markup("".join(html))  # noqa: S704 - escaped by `render_text`


def render_markdown(text: str) -> Markup:
    """Return Markdown as HTML, its code in colours as far as a page has room for them."""
    has_code = "```" in text or "~~~" in text
    return _render_markdown(text, is_coloured=has_code and may_highlight(len(text)))


@lru_cache(_CACHED_TEXTS)
def _render_markdown(text: str, *, is_coloured: bool) -> Markup:
    text = plain_text(text)
    if len(text) > MAX_RENDERED_CHARS:
        return Markup("<pre class='long'>{}</pre>").format(render_text(text))
    attributes = {name: set(values) for name, values in _ATTRIBUTES.items()}
    safe = nh3.clean(
        _RENDERER.render(
            text,
            {
                "is_bidirectional": bool(_RIGHT_TO_LEFT.search(text)),
                "is_coloured": is_coloured,
            },
        ),
        tags=set(_TAGS),
        attributes={**attributes, "*": {"dir"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return Markup(safe)  # noqa: S704 - sanitised just before


def _text(
    _renderer: RendererHTML, tokens: Sequence[Token], at: int, _options: OptionsDict, _env: EnvType
) -> str:
    return _with_chips(escape(tokens[at].content))


def _code(
    _renderer: RendererHTML, tokens: Sequence[Token], at: int, _options: OptionsDict, _env: EnvType
) -> str:
    return f"<code>{_with_chips(escape(tokens[at].content))}</code>"


def _block(
    _renderer: RendererHTML, tokens: Sequence[Token], at: int, _options: OptionsDict, _env: EnvType
) -> str:
    return f"<pre><code>{_with_chips(escape(tokens[at].content))}</code></pre>\n"


def _fence(
    _renderer: RendererHTML, tokens: Sequence[Token], at: int, _options: OptionsDict, env: EnvType
) -> str:
    """Show a block with the name of its language, in colours."""
    token = tokens[at]
    language = language_of(token.info)
    code = _colour(token.content, language) if env.get("is_coloured") else None
    if code is None:
        code = _with_chips(escape(token.content))
    label = f' data-language="{escape(language)}"' if language.isascii() and language else ""
    return f"<pre{label}><code>{code}</code></pre>\n"


def _colour(code: str, language: str) -> str | None:
    """Return code in colours; a placeholder stays whole, whatever the language makes of it."""
    if _STANDING_IN in code:
        return None
    chips = [_chip(match) for match in _CHIP.finditer(code)] if "REDACTED" in code else []
    if not chips:
        return highlight(code, language)
    coloured = highlight(_CHIP.sub(_STANDING_IN, code), language)
    if coloured is None:
        return None
    first, *others = coloured.split(_STANDING_IN)
    return "".join([first, *(f"{chip}{rest}" for chip, rest in zip(chips, others, strict=True))])


def _image(
    _renderer: RendererHTML, tokens: Sequence[Token], at: int, _options: OptionsDict, _env: EnvType
) -> str:
    # Loading it would show its host that this page is read.
    return f"[image: {_with_chips(escape(tokens[at].content))}]"


def _open_table(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    """Begin a table that scrolls by itself where it is too wide."""
    table = renderer.renderToken(tokens, at, options, env)
    return f'<div class="scroll table" tabindex="0" role="region" aria-label="Table">{table}'


def _close_table(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    return f"{renderer.renderToken(tokens, at, options, env)}</div>"


def _mark_blocks(state: StateCore) -> None:
    """Align cells without a style, and let each block begin at the side of its own script."""
    for token in state.tokens:
        style = token.attrs.pop("style", None)
        if style:  # of a table's cells only
            token.attrSet("align", str(style).removeprefix("text-align:"))
        # The outermost alone: what has a direction of its own says nothing of what it is in.
        if state.env.get("is_bidirectional") and token.nesting == 1 and token.level == 0:
            token.attrSet("dir", "auto")


def _build_renderer() -> Any:  # noqa: ANN401 - the library's own type is built by its methods
    renderer = MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True}).enable(
        ["table", "strikethrough"]
    )
    for name, rule in (
        ("text", _text),
        ("code_inline", _code),
        ("code_block", _block),
        ("fence", _fence),
        ("image", _image),
        ("table_open", _open_table),
        ("table_close", _close_table),
    ):
        renderer.add_render_rule(name, rule)
    renderer.core.ruler.push("mark_blocks", _mark_blocks)
    return renderer


_RENDERER = _build_renderer()
