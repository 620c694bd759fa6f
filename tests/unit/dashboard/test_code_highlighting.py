"""Code in the colours of its language: bounded, and to the character what was written."""

from __future__ import annotations

import re
from html import unescape
from time import thread_time

import pytest

from ccsync_watch.dashboard import code_highlighting
from ccsync_watch.dashboard.code_highlighting import (
    MAX_CODE_CHARS,
    MAX_LINE_CHARS,
    MAX_PAGE_CHARS,
    highlight,
    language_of,
    limit_page,
)
from ccsync_watch.dashboard.markup import render_markdown

PLACEHOLDER = "[REDACTED:github-token:0a1b2c3d]"


def shown(html: str) -> str:
    """Return the text that a browser shows of HTML."""
    return unescape(re.sub(r"<[^>]*>", "", html))


@pytest.mark.parametrize(
    ("language", "code", "expected"),
    [
        ("python", "def f(x): # a\n", '<span class="h-keyword">def </span>'),
        ("py", "x = 'a'\n", """<span class="h-string">'a'"""),
        ("ts", "const a = 1\n", '<span class="h-number">1'),
        ("json", '{"a": null}\n', "h-"),
        ("sh", "if true; then ls; fi\n", '<span class="h-keyword">'),
        ("diff", "-old\n+new\n same\n", '<span class="h-removed">-old\n</span>'),
        ("diff", "-old\n+new\n same\n", '<span class="h-added">+new\n</span> same'),
    ],
)
def test_code_has_the_colours_of_its_language(language: str, code: str, expected: str) -> None:
    """By what people write behind a fence."""
    html = render_markdown(f"```{language}\n{code}```")
    assert expected in html
    assert shown(html).strip() == code.strip()
    assert "style=" not in html


@pytest.mark.parametrize("language", sorted(code_highlighting._LEXERS))
def test_every_language_keeps_the_text(language: str) -> None:
    """Whatever the lexer makes of it, markup in it stays text."""
    code = "\n\n  a = <b>'x' & \"y\"</b> # π\n\tif (1) { return `z`; }\n\n"
    html = highlight(code, language)
    assert html is not None
    assert unescape(re.sub(r'<span class="h-[a-z]+">|</span>', "", html)) == code


@pytest.mark.parametrize(
    ("info", "language"),
    [("python", "python"), ("Python title=x", "python"), ("js,linenos", "js"), ("{.rust}", "rust"),
     ("ts:src/a.ts", "ts"), ("", ""), ("  ", "")],
)  # fmt: skip
def test_the_language_is_the_first_word(info: str, language: str) -> None:
    """Tools write more behind it."""
    assert language_of(info) == language


@pytest.mark.parametrize(
    "code",
    [
        "x = 1\n" * (MAX_CODE_CHARS // 6 + 1),
        "x" * (MAX_LINE_CHARS + 1),
        "x = 1\r\n",
    ],
)
def test_what_is_beyond_a_bound_is_plain(code: str) -> None:
    """Nothing of it is missing."""
    assert highlight(code, "python") is None
    assert shown(render_markdown(f"```python\n{code}\n```")).strip() == code.strip().replace(
        "\r\n", "\n"
    )


@pytest.mark.parametrize(
    ("language", "line"),
    [("java", "a " * 450), ("python", " \n" * 450), ("cpp", " \n" * 450), ("tf", '"<<a\n' * 150)],
)
def test_code_that_a_lexer_reads_slowly_is_given_up(language: str, line: str) -> None:
    """The time is this thread's own, so that a busy machine changes nothing."""
    code = (line.rstrip("\n") + "\n") * (MAX_CODE_CHARS // len(line) - 1)
    highlight("x", language)  # loads the lexer
    began = thread_time()
    highlight(code, language)
    assert thread_time() - began < 20 * code_highlighting.MAX_SECONDS


def test_a_page_has_so_much_code_in_colours() -> None:
    """The first, always the same, also if another page showed the rest before."""
    texts = [f"```python\n# {number}\n{'x = 1' * 100}\n```" for number in range(200)]
    render_markdown(texts[-1])
    for _again in range(2):
        with limit_page():
            coloured = ["h-comment" in render_markdown(text) for text in texts]
        assert coloured[0]
        assert not coloured[-1]
        assert sum(coloured) == MAX_PAGE_CHARS // len(texts[0])


def test_a_placeholder_in_code_is_one_chip() -> None:
    """A lexer would read it as brackets and words."""
    html = render_markdown(f"```python\nkey = '{PLACEHOLDER}'  # {PLACEHOLDER}\n```")
    assert html.count('class="chip"') == 2
    assert "REDACTED" not in html
    assert "h-string" in html
    html = render_markdown(f"```python\n'\ue000' + '{PLACEHOLDER}'\n```")
    assert html.count('class="chip"') == 1
