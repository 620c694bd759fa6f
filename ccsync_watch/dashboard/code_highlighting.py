"""Colour code by its language: `<span class="h-…">`; the sheet has one class for each role.

A transcript can contain anything, so this is bounded: by the size of a block, the length of its
lines, the time that it takes, and the code on one page. What is beyond a bound is shown plain.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pygments.lexer import Lexer

MAX_CODE_CHARS = 20_000
MAX_LINE_CHARS = 1000
MAX_SECONDS = 0.05
"""Of processor time; usual code of the largest size takes half of it."""
MAX_PAGE_CHARS = 60_000
_LEXERS = {
    "bash": "bash", "sh": "bash", "shell": "bash", "zsh": "bash",
    "console": "console", "shell-session": "console",
    "c": "c", "h": "c", "cpp": "cpp", "c++": "cpp", "cc": "cpp", "hpp": "cpp",
    "csharp": "csharp", "c#": "csharp", "cs": "csharp",
    "css": "css", "scss": "scss",
    "dart": "dart",
    "diff": "diff", "patch": "diff", "udiff": "diff",
    "docker": "docker", "dockerfile": "docker",
    "elixir": "elixir", "ex": "elixir",
    "go": "go", "golang": "go",
    "graphql": "graphql", "gql": "graphql",
    "haskell": "haskell", "hs": "haskell",
    "hcl": "terraform", "terraform": "terraform", "tf": "terraform",
    "html": "html", "xhtml": "html", "svg": "xml", "xml": "xml", "vue": "html", "svelte": "html",
    "ini": "ini", "cfg": "ini", "dotenv": "bash", "env": "bash", "properties": "properties",
    "java": "java", "kotlin": "kotlin", "kt": "kotlin", "scala": "scala", "groovy": "groovy",
    "javascript": "javascript", "js": "javascript", "mjs": "javascript", "cjs": "javascript",
    "jsx": "javascript",
    "json": "json", "jsonc": "json", "json5": "json", "jsonl": "json", "ndjson": "json",
    "julia": "julia", "jl": "julia",
    "lua": "lua",
    "make": "make", "makefile": "make",
    "nginx": "nginx", "nix": "nix",
    "perl": "perl", "pl": "perl",
    "php": "php",
    "powershell": "powershell", "ps1": "powershell", "pwsh": "powershell",
    "proto": "protobuf", "protobuf": "protobuf",
    "python": "python", "py": "python", "python3": "python", "pyi": "python",
    "pycon": "pycon", "python-repl": "pycon",
    "r": "r",
    "ruby": "ruby", "rb": "ruby",
    "rust": "rust", "rs": "rust",
    "sql": "sql", "sqlite": "sql", "postgresql": "sql", "postgres": "sql", "mysql": "sql",
    "swift": "swift",
    "toml": "toml",
    "typescript": "typescript", "ts": "typescript", "tsx": "typescript", "mts": "typescript",
    "yaml": "yaml", "yml": "yaml",
    "zig": "zig",
}  # fmt: skip
"""The name of the lexer, by what people write behind a fence."""
_ROLES = (
    ("Comment.Preproc", "keyword"), ("Comment", "comment"),
    ("Keyword.Constant", "number"), ("Keyword.Type", "type"), ("Keyword", "keyword"),
    ("Operator.Word", "keyword"),
    ("Literal.String.Doc", "comment"), ("Literal.String", "string"), ("Literal.Number", "number"),
    ("Literal.Date", "number"),
    ("Name.Function", "name"), ("Name.Class", "type"), ("Name.Decorator", "name"),
    ("Name.Builtin", "type"), ("Name.Exception", "type"), ("Name.Tag", "keyword"),
    ("Name.Attribute", "name"), ("Name.Constant", "number"),
    ("Generic.Deleted", "removed"), ("Generic.Inserted", "added"), ("Generic.Heading", "comment"),
    ("Generic.Subheading", "place"), ("Generic.Prompt", "comment"), ("Generic.Output", "comment"),
    ("Generic.Error", "removed"), ("Generic.Traceback", "removed"),
)  # fmt: skip
"""By the beginning of a token's type; the first that fits. Others have the colour of text."""
_LINE_ROLES = frozenset({"added", "removed"})

_page_chars: ContextVar[list[int] | None] = ContextVar("page_chars", default=None)


@contextmanager
def limit_page() -> Iterator[None]:
    """Colour so much of the code that is rendered within, in its order, as one page may have."""
    token = _page_chars.set([MAX_PAGE_CHARS])
    try:
        yield
    finally:
        _page_chars.reset(token)


def may_highlight(size: int) -> bool:
    """Return whether a page has room for a text of so many characters with code, and take it.

    It is the same for the same page, whatever is cached.
    """
    room = _page_chars.get()
    if room is None:
        return True
    if room[0] < size:
        return False
    room[0] -= size
    return True


def language_of(info: str) -> str:
    """Return the language that is written behind a fence, as people write it; else empty."""
    words = info.replace(",", " ").replace("{", " ").replace("}", " ").replace(":", " ").split()
    return words[0].lower().lstrip(".") if words else ""


def highlight(code: str, language: str) -> str | None:
    """Return code as escaped HTML with a span for each role; None where it is to be shown plain.

    The text is the same, to the character.
    """
    name = _LEXERS.get(language)
    if name is None or len(code) > MAX_CODE_CHARS:
        return None
    if any(len(line) > MAX_LINE_CHARS for line in code.split("\n")):
        return None
    lexer = _lexer(name)
    # Not the site's clock: the work of this thread is bounded, not the time of anything.
    ends = time.thread_time() + MAX_SECONDS
    pieces: list[str] = []
    role, pending, size = "", "", 0
    for kind, text in lexer.get_tokens(code):
        size += len(text)
        rest = text
        if role in _LINE_ROLES and text.isspace():
            # These are lines of their own: the end of one belongs to it, and nothing behind that.
            head, end, rest = text.partition("\n")
            pending += head + end
        next_role = _role_of(str(kind).removeprefix("Token."))
        if next_role != role and (role in _LINE_ROLES or rest.strip()):
            pieces.append(_span(role, pending))
            role, pending = next_role, ""
        pending += rest
        if time.thread_time() > ends:
            return None
    pieces.append(_span(role, pending))
    # A lexer may change ends of lines: what is shown has to be what was written.
    return "".join(pieces) if size == len(code) else None


def _span(role: str, text: str) -> str:
    return f'<span class="h-{role}">{escape(text)}</span>' if role and text else escape(text)


@lru_cache(512)
def _role_of(kind: str) -> str:
    return next((role for prefix, role in _ROLES if kind.startswith(prefix)), "")


@lru_cache(32)
def _lexer(name: str) -> Lexer:
    # Only pages with code pay for loading it.
    from pygments.lexers import get_lexer_by_name  # noqa: PLC0415 - see above

    return get_lexer_by_name(name, stripnl=False, ensurenl=False)
