"""The vocabulary of sentences that name a secret: data, a file for each language."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccsync_watch.privacy.heuristics import languages
from ccsync_watch.privacy.heuristics.languages import ROLES, load_vocabulary

FILES = sorted(Path(languages.__file__).parent.glob("*.txt"))


def test_words_of_all_languages_are_read_by_their_role() -> None:
    """With an ending or without, and as one types them without accents."""
    words = load_vocabulary()
    assert {"mot de passe", "lösenord*", "losenord*", "пароль", "парол*"} & set(words["password"])
    assert "losenord*" in words["password"]
    assert "密钥" in words["token"]
    assert "lautet" in words["is"]
    assert "comme" in words["as"]


def test_short_words_keep_their_accents() -> None:
    """`cle` would be part of other words."""
    assert "clé" in load_vocabulary()["token"]
    assert "cle" not in load_vocabulary()["token"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_language_has_words_and_no_unknown_role(path: Path) -> None:
    """A misspelt role would silently join the words of the one before."""
    text = "\n".join(line for line in path.read_text("utf-8").splitlines() if line[:1] != "#")
    roles = [line.split(":")[0] for line in text.splitlines() if line[:1] != " "]
    assert set(roles) <= set(ROLES)
    assert len(roles) == len(set(roles))
    assert len(roles) >= 3
