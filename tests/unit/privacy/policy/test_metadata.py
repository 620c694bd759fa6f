"""What is kept where no text may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.privacy.policy.metadata import metadata_of

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        ({"label": "from lee", "text": "a\nb"}, {"lines": 2, "bytes": 3}),
        ({"lines": 2, "bytes": 3}, {"lines": 2, "bytes": 3}),
        ("odd", {}),
    ],
)
def test_of_a_note_only_its_size_is_kept(content: JsonValue, kept: JsonValue) -> None:
    """Its label may name a person."""
    assert metadata_of("note", content) == kept


def test_who_denied_a_call_is_text() -> None:
    """So are the words about it; the count of denials comes from the message's facts."""
    content: JsonValue = {"ok": False, "denied": "rejected by you", "said": "no", "bytes": 4}
    assert metadata_of("tool-result", content) == {"ok": False, "bytes": 4}
