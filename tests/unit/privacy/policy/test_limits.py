"""How much of a text may leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.model import Part
from ccsync_watch.privacy.policy.limits import cut, cut_text
from ccsync_watch.privacy.policy.reduction import measure, reduce

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue

MARGIN = 64 << 10


class TestLimits:
    """Cutting, after the redactor."""

    @pytest.mark.parametrize(
        ("text", "lines", "size"), [("", 0, 0), ("a", 1, 1), ("a\n", 1, 2), ("ä\nb", 2, 4)]
    )
    def test_a_text_is_measured_in_lines_and_bytes(self, text: str, lines: int, size: int) -> None:
        """A last line without a newline is one."""
        assert measure(text) == {"lines": lines, "bytes": size}

    def test_a_text_at_its_limit_is_whole(self) -> None:
        """One more is cut, and says how much."""
        assert cut_text("x" * 9, 9) == "x" * 9
        assert cut_text("x" * 1234, 9) == "x" * 9 + "… [cut: 1,225 of 1,234 characters]"

    @pytest.mark.parametrize(
        "placeholder", ["[REDACTED:token:0123abcd]", "REDACTED-token-0123abcd"]
    )
    @pytest.mark.parametrize("at", range(0, 30, 3))
    def test_a_placeholder_is_kept_whole_or_left_out(self, placeholder: str, at: int) -> None:
        """Half of one says nothing."""
        shortened = cut_text("a" * 10 + placeholder + "b" * 90, 10 + at)
        kept = shortened.split("…", maxsplit=1)[0]
        assert (placeholder in kept) or kept == "a" * 10

    def test_a_placeholder_that_ends_at_the_limit_stays(self) -> None:
        """It is whole."""
        text = "[REDACTED:token:0123abcd]" + "b" * 90
        assert cut_text(text, 25).startswith("[REDACTED:token:0123abcd]…")

    def test_texts_are_cut_wherever_they_stand(self) -> None:
        """In objects and lists; other values stay."""
        content: JsonValue = {"a": ["xxxx", {"b": "yyyy"}], "n": 5, "t": True, "z": None}
        shortened = cut(content, 2)
        assert shortened == {
            "a": ["xx… [cut: 2 of 4 characters]", {"b": "yy… [cut: 2 of 4 characters]"}],
            "n": 5, "t": True, "z": None,
        }  # fmt: skip

    def test_a_very_long_text_is_cut_before_the_redactor_reads_it(self) -> None:
        """With a margin, and its full length remembered."""
        text = "x" * 1_000_000
        shortened = reduce(Part("text", text), None, 100)
        assert shortened == {"_text": "x" * (100 + MARGIN), "_chars": 1_000_000}
        assert cut(shortened, 100) == "x" * 100 + "… [cut: 999,900 of 1,000,000 characters]"
        assert reduce(Part("text", "x" * (100 + MARGIN)), None, 100) == "x" * (100 + MARGIN)

    def test_what_the_redactor_saw_only_half_of_is_never_shown(self) -> None:
        """Placeholders are shorter than what they stand for: the margin's end may move up."""
        text = "A" * MARGIN + "sk-half-a-secret" + "B" * 1000
        shortened = reduce(Part("text", text), None, 12)
        assert isinstance(shortened, dict)
        kept = str(shortened["_text"])
        assert "sk-half" in kept
        shrunk: JsonValue = {
            **shortened,
            "_text": kept.replace("A" * MARGIN, "[REDACTED:x:01234567]"),
        }
        assert "sk-half" not in str(cut(shrunk, 4000))

    def test_other_content_passes(self) -> None:
        """A thinking part may hold a value that is not text."""
        assert reduce(Part("thinking", None), None, 1) is None
