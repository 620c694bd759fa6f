"""Texts of transcripts as HTML: formatted, marked, and never executed."""

from __future__ import annotations

import re

import pytest

from ccsync_watch.dashboard.markup import (
    MAX_RENDERED_CHARS,
    render_markdown,
    render_message,
    render_snippet,
    render_terminal_text,
    render_text,
)
from ccsync_watch.dashboard.rendering import TEMPLATE_FOLDER
from ccsync_watch.terminal_styles import STYLE_NAMES

CHIP = "[REDACTED:github-token:1a2b3c4d]"


def test_markdown_is_rendered() -> None:
    """Headings, emphasis, lists, tables and code."""
    html = render_markdown(
        "# A\n\n**b** ~~c~~\n\n- d\n\n| e |\n|---|\n| f |\n\n```py\ng < 1\n```\n"
    )
    for expected in ("<h1>A</h1>", "<strong>b</strong>", "<s>c</s>", "<li>d</li>", "<td>f</td>",
                     '<pre data-language="py"><code>g &lt; <span class="h-number">1'):  # fmt: skip
        assert expected in html


@pytest.mark.parametrize(
    "text",
    ["<script>x</script>", "<img src=x onerror=x>", "[a](javascript:x)", "<javascript:x>",
     "[a](data:text/html,x)", "[a](vbscript:x)", "![a](http://e.invalid/x.png)", "[a]( file:///x)",
     "```\n</code><script>\n```", "`<script>`", "| <b onclick=x> |\n|---|\n"],
)  # fmt: skip
def test_transcript_is_never_trusted_as_html(text: str) -> None:
    """Neither tags, nor addresses that run something or load something."""
    html = str(render_markdown(text))
    for forbidden in ("<script", "<img", "<b>", "<b ", "<a"):
        assert forbidden not in html


def test_links_send_no_referrer() -> None:
    """Web addresses are links that show their host nothing of this page."""
    html = render_markdown('[a](https://example.com/ "t") <https://example.org>')
    assert html.count('rel="noopener noreferrer nofollow"') == 2
    assert 'href="https://example.com/"' in html


@pytest.mark.parametrize("mark", [CHIP, "REDACTED-github-token-1a2b3c4d"])
def test_placeholders_become_chips(mark: str) -> None:
    """In text, in code and in what is escaped whole; a chip says what was removed."""
    for html in (render_text(f"a {mark} b"), render_markdown(f"a {mark} b"),
                 render_markdown(f"`{mark}`"), render_markdown(f"```\n{mark}\n```")):  # fmt: skip
        assert html.count('class="chip"') == 1
        assert "github-token" in html
        assert "REDACTED" not in html


def test_malformed_placeholder_is_text() -> None:
    """Quotes and tags in one are escaped like any other."""
    html = render_text('[REDACTED:x" onclick="1:12345678] <b>')
    assert "chip" not in html
    assert '"' not in html
    assert "<b>" not in html


def test_message_has_names_as_code() -> None:
    """What is between backticks; everything is escaped."""
    html = render_message("run `login <b>`, or `x")
    assert html == "run <code>login &lt;b&gt;</code>, or `x"


def test_snippet_marks_the_words_that_match() -> None:
    """The marks are ours; what is between them is escaped."""
    html = render_snippet("a \x02<b>\x03 c", ("\x02", "\x03"))
    assert html == "a <mark>&lt;b&gt;</mark> c"


@pytest.mark.parametrize("text", ["a \x02 b", "\x03 a", "\x02a \x02b\x03 c\x03", "\x02\x02\x03"])
def test_marks_that_a_text_has_by_itself_leave_nothing_open(text: str) -> None:
    """Else the rest of the page would be marked."""
    html = render_snippet(text, ("\x02", "\x03"))
    assert html.count("<mark>") == html.count("</mark>") <= 1
    assert "\x02" not in html
    assert "\x03" not in html


def test_long_texts_are_not_formatted() -> None:
    """Formatting one would take long; it is escaped nevertheless."""
    html = render_markdown("**b** <script>" + "x" * MAX_RENDERED_CHARS)
    assert html.startswith("<pre class='long'>**b** &lt;script&gt;")


def test_a_terminals_styles_become_classes() -> None:
    """The text is escaped, placeholders stay whole, and other names are not taken over."""
    text = "a <b> [REDACTED:jwt:0123abcd] end"
    html = render_terminal_text(text, [(2, 5, 'bold red" x="'), (30, 33, "on-blue")])
    assert html.startswith('a <span class="t-bold">&lt;b&gt;</span> <span class="chip"')
    assert html.endswith(
        'jwt <span class="mark">0123</span></span> <span class="t-on-blue">end</span>'
    )


def test_a_text_that_was_stored_with_its_sequences_is_styled() -> None:
    """Older versions stored them."""
    html = render_terminal_text("\x1b[1;32mok\x1b[0m \x1b]0;title\x07\x1b[5mdone", ())
    assert html == '<span class="t-bold t-green">ok</span> done'


def test_every_style_has_a_class_in_the_sheet() -> None:
    """Or it would not be seen."""
    sheet = (TEMPLATE_FOLDER.parent / "static" / "site.css").read_text("utf-8")
    classes = set(re.findall(r"\.t-([a-z-]+)(?=[ ,])", sheet))
    assert classes >= STYLE_NAMES


def test_a_line_end_stays_one() -> None:
    """People and programs write lines; Markdown would join them."""
    assert "one<br>" in render_markdown("one\ntwo").replace("<br />", "<br>")


def test_a_block_begins_at_the_side_of_its_script() -> None:
    """A list as a whole, as its numbers do; a text of one direction needs nothing."""
    html = render_markdown("\u05e9\u05dc\u05d5\u05dd\n\n1. \u05d0\n\n   \u05d1\n\n`x`")
    assert html.count("dir=") == 3
    assert '<p dir="auto">' in html
    assert '<ol dir="auto">' in html
    assert "dir=" not in render_markdown("shalom\n\n1. a")


def test_a_table_scrolls_and_keeps_its_alignment() -> None:
    """Without a style, which the policy does not allow."""
    html = render_markdown("| a | b |\n|--:|:-:|\n| 1 | 2 |")
    assert '<div class="scroll table" tabindex="0" role="region" aria-label="Table">' in html
    assert '<td align="right">1</td>' in html
    assert '<th align="center">b</th>' in html
    assert "style=" not in html
