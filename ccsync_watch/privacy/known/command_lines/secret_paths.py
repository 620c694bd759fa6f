"""Decide which words of a command line name a file of secrets: paths, globs, braces; pure.

A glob is one if it could match such a file and was written for it: `.en*` and `~/.aws/*`, but not
`*` or `*.json`.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ccsync_watch.privacy.heuristics.words import load_words
from ccsync_watch.privacy.known.secret_values import is_secret_file, matches_secret_path

if TYPE_CHECKING:
    from collections.abc import Collection

_MAX_WORD = 4096
_MAX_BRACES = 32
_LEAST_GLOB_LETTERS = 2
_LEAST_NAMING_LETTERS = 3
_MAGIC = frozenset("*?[")
_NAMES = (
    *load_words("secret_file_names"),
    ".env.local",
    ".env.production",
    "service-account-x.json",
)
_FOLDERS = frozenset(load_words("secret_folders"))
_DEVICES = re.compile(r"^/proc/[^/]{0,40}/(?:task/[^/]{1,20}/)?environ$|^/dev/u?random$")
_BRACES = re.compile(r"\{([^{}]{0,200})\}")
_QUOTED = re.compile(r"""(['"`])((?:(?!\1)[^\n\\]|\\.){1,300})\1""")


def names_secret_file(text: str, folder: str = "") -> bool:
    """Tell whether a word is the path of a file of secrets, or a glob for such files.

    `folder` is the one in which the command runs, as far as the line says so. Paths in revisions
    (`HEAD:.env`), in options (`--file=.env`, `if=.env`, `@.env`), and in containers count.
    """
    return _names_secret(text[:_MAX_WORD], folder)


@lru_cache(maxsize=4096)
def _names_secret(text: str, folder: str) -> bool:
    if not text or text.isspace():
        return False
    for path in _alternatives(text):
        plain = path.strip("'\"")
        candidates = {
            plain,
            plain.lstrip("<@-"),
            plain.rpartition(":")[2],
            plain.rpartition("=")[2],
        }
        for candidate in candidates:
            if candidate and _is_secret_path(candidate, folder):
                return True
    return False


def is_same_file(path: str, folder: str, files: Collection[str]) -> bool:
    """Tell whether a path is one of these files; a relative one is by its end alone."""
    if not files or not path:
        return False
    path = _normal(f"{folder}/{path}" if folder and not _is_absolute(path) else path)
    is_glob = not _MAGIC.isdisjoint(path) and sum(map(str.isalpha, path)) >= _LEAST_NAMING_LETTERS
    for name in map(_normal, files):
        if is_glob and fnmatchcase(name, path):
            return True
        if path == name or path.endswith(f"/{name}") or name.endswith(f"/{path}"):
            return True
    return False


def _normal(path: str) -> str:
    path = path.strip("'\"").replace("\\", "/")
    return path.removeprefix("./")


def _is_absolute(path: str) -> bool:
    return path.startswith(("/", "~", "$"))


def texts_in_quotes(code: str) -> list[str]:
    """Return the texts in quotes in a program's code: some may be paths."""
    return [match[2] for match in _QUOTED.finditer(code)]


def _alternatives(text: str) -> list[str]:
    """Return what the braces in a word stand for."""
    results = [text]
    while len(results) < _MAX_BRACES and (match := _BRACES.search(results[0])):
        head = results.pop(0)
        results += [
            head[: match.start()] + choice + head[match.end() :] for choice in match[1].split(",")
        ]
    return results


def _is_secret_path(path: str, folder: str) -> bool:
    path = path.replace("\\", "/")
    if folder and not _is_absolute(path):
        path = f"{folder}/{path}"
    if _DEVICES.search(path):
        return True
    if not _MAGIC.intersection(path):
        return is_secret_file(path)
    if matches_secret_path(path):
        return True
    parts = PurePosixPath(path)
    if any(
        fnmatchcase(part, name) or part == name for part in parts.parts[-3:-1] for name in _FOLDERS
    ):
        return not parts.name.endswith(".pub")
    return _is_glob_for_secrets(parts.name.lower())


def _is_glob_for_secrets(name: str) -> bool:
    """Tell whether a file's name with wildcards was written for files of secrets."""
    fixed = re.split(r"[*?\[]", name, maxsplit=1)[0]
    if name.startswith(".") and set(name[1:]) <= {"*", "?", "."}:
        return True
    if sum(map(str.isalpha, fixed)) < _LEAST_GLOB_LETTERS and not fixed.startswith("."):
        # Only its end says what it matches.
        return is_secret_file(re.sub(r"\[(.)[^\]]*\]", r"\1", name).replace("?", "").strip("*"))
    return any(fnmatchcase(secret, name) for secret in _NAMES) or is_secret_file(
        name.replace("*", "")
    )
