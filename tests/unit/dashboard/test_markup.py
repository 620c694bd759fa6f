"""What was said, as HTML: formatted, marked, and never executed."""

from __future__ import annotations

import pytest

from ccsync_watch.dashboard.markup import MAX_RENDERED_CHARS, markdown, plain, snippet

CHIP = "[REDACTED:github-token:1a2b3c4d]"


def test_markdown_is_rendered() -> None:
    """Headings, emphasis, lists, tables and code."""
    made = markdown("# A\n\n**b** ~~c~~\n\n- d\n\n| e |\n|---|\n| f |\n\n```py\ng < 1\n```\n")
    for expected in ("<h1>A</h1>", "<strong>b</strong>", "<s>c</s>", "<li>d</li>", "<td>f</td>",
                     "<pre><code>g &lt; 1"):  # fmt: skip
        assert expected in made


@pytest.mark.parametrize(
    "text",
    ["<script>x</script>", "<img src=x onerror=x>", "[a](javascript:x)", "<javascript:x>",
     "[a](data:text/html,x)", "[a](vbscript:x)", "![a](http://e.invalid/x.png)", "[a]( file:///x)",
     "```\n</code><script>\n```", "`<script>`", "| <b onclick=x> |\n|---|\n"],
)  # fmt: skip
def test_nothing_is_taken_for_html(text: str) -> None:
    """Neither tags, nor addresses that run something or load something."""
    made = str(markdown(text))
    for forbidden in ("<script", "<img", "<b>", "<b ", "<a"):
        assert forbidden not in made


def test_links_lead_away_without_a_trace() -> None:
    """Web addresses are links that tell their host nothing of this page."""
    made = markdown('[a](https://example.com/ "t") <https://example.org>')
    assert made.count('rel="noopener noreferrer nofollow"') == 2
    assert 'href="https://example.com/"' in made


@pytest.mark.parametrize("mark", [CHIP, "REDACTED-github-token-1a2b3c4d"])
def test_placeholders_become_chips(mark: str) -> None:
    """In text, in code and in what is escaped whole; a chip says what was removed."""
    for made in (plain(f"a {mark} b"), markdown(f"a {mark} b"), markdown(f"`{mark}`"),
                 markdown(f"```\n{mark}\n```")):  # fmt: skip
        assert made.count('class="chip"') == 1
        assert "github-token" in made
        assert "REDACTED" not in made


def test_what_only_looks_like_a_placeholder_is_text() -> None:
    """Quotes and tags in one are escaped like any other."""
    made = plain('[REDACTED:x" onclick="1:12345678] <b>')
    assert "chip" not in made
    assert '"' not in made
    assert "<b>" not in made


def test_a_snippet_marks_what_was_found() -> None:
    """The marks are ours; what stands between them is escaped."""
    made = snippet("a \x02<b>\x03 c", ("\x02", "\x03"))
    assert made == "a <mark>&lt;b&gt;</mark> c"


def test_long_texts_are_shown_as_they_are() -> None:
    """Formatting one would take long; it is escaped all the same."""
    made = markdown("**b** <script>" + "x" * MAX_RENDERED_CHARS)
    assert made.startswith("<pre class='long'>**b** &lt;script&gt;")
