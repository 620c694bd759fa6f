"""A settings file's text is changed where a value is, and nowhere else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccsync_watch.config import read_file, save
from ccsync_watch.config.settings_text import change_text, repeated_keys, without_comments

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """{
  // where it goes
  "auto_sync": false, // by hand
  "mine": {"auto_sync": 1}, /* not ours */
  "redact": {"patterns": ["// no comment", "/* nor this */"]},
}
"""


def test_keys_that_are_there_several_times_have_their_lines() -> None:
    """Of inner objects too; a name in two objects, in a text or in a comment is there once."""
    assert repeated_keys(TEXT) == {}
    text = """{
  "auto_sync": true,
  "budget": {"day": 1, "week": 2,
    "day": 3},
  // "auto_sync": true,
  "mine": ["budget", "\\"budget\\": {"],
  "auto_sync": false, "auto_sync": true
}
"""
    assert repeated_keys(text) == {"auto_sync": [2, 7, 7], "budget.day": [3, 4]}
    assert repeated_keys("{}") == {}


def test_a_value_is_replaced_where_it_is() -> None:
    """Comments, order, unknown keys and the same name deeper inside stay."""
    assert change_text(TEXT, {"auto_sync": True}) == TEXT.replace("false", "true")


def test_a_key_is_added_at_the_end() -> None:
    """With a comma before it, if none is there."""
    changed = change_text(TEXT, {"sync_thinking": True})
    assert changed == TEXT.replace("]},\n}", ']},\n  "sync_thinking": true\n}')
    assert change_text("{}\n", {"a": {"b": 1}}) == '{\n  "a": {\n    "b": 1\n  }\n}\n'
    assert change_text('{"a": 1 // one\n}', {"b": 2}) == '{"a": 1,\n  "b": 2 // one\n}'


def test_lines_end_as_those_of_the_file_do() -> None:
    """An editor on Windows wrote them."""
    changed = change_text(TEXT, {"budget": {"day": 1}, "mine": None})
    windows = change_text(TEXT.replace("\n", "\r\n"), {"budget": {"day": 1}, "mine": None})
    assert windows == changed.replace("\n", "\r\n")
    assert change_text("{}\r\n", {"a": 1}) == '{\r\n  "a": 1\r\n}\r\n'


def test_a_key_is_removed() -> None:
    """With its line and its comma; a comment on the line stays."""
    assert change_text(TEXT, {"mine": None}) == TEXT.replace('  "mine": {"auto_sync": 1}, ', "")
    assert change_text('{\n  "a": 1,\n  "b": 2\n}\n', {"b": None}) == '{\n  "a": 1\n}\n'
    assert change_text('{\n  "a": 1,\n  "b": 2\n}\n', {"a": None}) == '{\n  "b": 2\n}\n'
    assert change_text('{"a": 1}', {"a": None}) == "{}"
    assert change_text('{"a": 1, "a": 2}', {"a": None}) == "{}"
    assert change_text("{}", {"a": None}) == "{}"


@pytest.mark.parametrize("text", ["", "[]", '{"a"}', '{"a": 1', '{"a": x}', "null"])
def test_what_is_no_object_is_an_error(text: str) -> None:
    """Nothing is written over it."""
    with pytest.raises(ValueError):  # noqa: PT011 - of the JSON library, too
        change_text(text, {"b": 1})


_KEYS = st.sampled_from(["a", "b", "c", 'q"', "//", "é"])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_KEYS, inner, max_size=2),
    max_leaves=4,
)
_GAPS = st.sampled_from(["", " ", "\n", "// x, }\n", "/* { , */", "\t/* a\n b */ "])


@given(
    members=st.dictionaries(_KEYS, _VALUES, max_size=4),
    gaps=st.lists(_GAPS, min_size=30, max_size=30),
    has_last_comma=st.booleans(),
    changes=st.dictionaries(_KEYS, _VALUES, max_size=3),
)
def test_every_change_says_what_it_should(
    members: dict[str, object],
    gaps: list[str],
    changes: dict[str, object],
    *,
    has_last_comma: bool,
) -> None:
    """Whatever the comments and spaces around values; comments are never lost with others."""
    rest = iter(gaps)
    pieces = []
    for key, value in members.items():
        entry = [json.dumps(key), next(rest), ":", next(rest), json.dumps(value)]
        pieces.append(f"{next(rest)}{''.join(entry)}{next(rest)}")
    last = "," if has_last_comma and members else ""
    text = f"{next(rest)}{{{','.join(pieces)}{last}{next(rest)}}}{next(rest)}"
    assert json.loads(without_comments(text)) == members
    changed = json.loads(without_comments(change_text(text, changes)))
    expected = {**members, **changes}
    assert changed == {
        key: value
        for key, value in expected.items()
        if key not in changes or changes[key] is not None
    }


def test_a_file_with_comments_is_read_and_saved(tmp_path: Path) -> None:
    """As `login` and `config set` do."""
    path = tmp_path / "settings.json"
    path.write_text("\ufeff" + TEXT, encoding="utf-8")
    path.chmod(0o600)
    assert read_file(path)["auto_sync"] is False
    save(path, {"auto_sync": True, "mine": None})
    assert "// where it goes" in path.read_text(encoding="utf-8")
    assert read_file(path) == {
        "auto_sync": True,
        "redact": {"patterns": ["// no comment", "/* nor this */"]},
    }


def test_comments_of_an_object_without_a_key_stay(tmp_path: Path) -> None:
    """As in a file whose lines are all commented out."""
    path = tmp_path / "settings.json"
    path.write_text('{\n  // "auto_sync": false\n}\n', encoding="utf-8")
    save(path, {"auto_sync": True})
    expected = '{\n  // "auto_sync": false\n  "auto_sync": true\n}\n'
    assert path.read_text(encoding="utf-8") == expected
