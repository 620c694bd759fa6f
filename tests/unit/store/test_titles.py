"""Titles of sessions that nobody named, and which sessions are conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccsync_watch.model import Part
from ccsync_watch.store.session_list import SessionFilter, list_sessions
from ccsync_watch.store.titles import MAX_TITLE_CHARS, short_title
from support.storing import SESSION, World, message

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue, PartKind


def _title(world: World) -> str | None:
    (title,) = world.database.read().execute("SELECT first_prompt FROM sessions").fetchone()
    return title if title is None else str(title)


def _note(label: str, text: str) -> Part:
    return Part("note", {"label": label, "text": text})


class TestTitle:
    """The best row makes it, whichever comes first."""

    def test_the_first_prompt_counts(self, world: World) -> None:
        """Across commits as well."""
        world.ingest(message("u1", "First one"))
        world.ingest(message("u2", "Second"))
        assert _title(world) == "First one"

    def test_what_follows_the_prompt_that_it_is_made_of_is_not_searched(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A long session has thousands of prompts, and no later one is better."""
        searched: list[str] = []

        def search(text: str) -> str:
            searched.append(text)
            return short_title(text)

        monkeypatch.setattr("ccsync_watch.store.titles.short_title", search)
        world.ingest(
            message("u1", "/compact", kind="command"),
            message("u2", "First prompt"),
            message("u3", "Second prompt"),
            message("u4", "Third prompt"),
        )
        assert searched == ["/compact", "First prompt"]
        assert _title(world) == "First prompt"

    def test_a_subagents_rows_do_not_count(self, world: World) -> None:
        """The session is its main conversation."""
        world.ingest(message("s1", "Task", agent_id="agent-1"))
        assert _title(world) is None

    @pytest.mark.parametrize("content", ["  \n ", {"not": "text"}, None])
    def test_a_prompt_without_words_is_not_a_title(self, world: World, content: Any) -> None:  # noqa: ANN401 - any JSON
        """The next one is."""
        world.ingest(
            message("u1", parts=(Part("text", content),)),
            message("u2", parts=()),
            message("u3", "Words"),
        )
        assert _title(world) == "Words"

    @pytest.mark.parametrize("kind", ["image", "file"])
    def test_a_prompt_without_words_is_called_by_what_it_holds(
        self, world: World, kind: PartKind
    ) -> None:
        """Until something is typed."""
        world.ingest(
            message("u1", "/clear", kind="command"),
            message("u2", parts=(Part(kind, {"media_type": "image/png", "bytes": 70}),)),
        )
        assert _title(world) == kind.capitalize()
        world.ingest(message("u3", "Words"))
        assert _title(world) == "Words"

    @pytest.mark.parametrize(
        ("words", "title"),
        [
            (("What is this?",), "What is this?"),
            (("<p>What is this?</p>",), "<p>What is this?</p>"),
            ((), "~/bed.png"),
        ],
    )
    def test_a_part_that_is_a_block_in_a_tag_is_passed_over(
        self, world: World, words: tuple[str, ...], title: str
    ) -> None:
        """It is the client's; alone, or as the last, it is what was typed."""
        texts = ("<uploaded_files>\n~/bed.png\n</uploaded_files>", *words)
        world.ingest(message("u1", parts=tuple(Part("text", value) for value in texts)))
        assert _title(world) == title

    @pytest.mark.parametrize("kind", ["blocked", "prompt"])
    def test_what_a_hook_blocked_is_the_title_until_something_else_is_typed(
        self, world: World, kind: str
    ) -> None:
        """Nothing came of it, but it is what the person wanted."""
        world.ingest(message("b1", "Blocked words", kind="blocked"))
        assert _title(world) == "Blocked words"
        world.ingest(message("b2", "Other words", kind=kind))
        assert _title(world) == ("Blocked words" if kind == "blocked" else "Other words")

    @pytest.mark.parametrize("apart", [False, True])
    def test_a_better_row_replaces_it(self, world: World, *, apart: bool) -> None:
        """What a person typed, else a command that asks Claude, else one of the client's."""
        rows = [
            (message("t1", "Look", kind="teammate", facts={"from": "lee"}), "lee: Look"),
            (message("c1", "/clear", kind="command"), "/clear"),
            (message("c2", "/review 7", kind="command"), "/review 7"),
            (message("p1", parts=(_note("pasted", "\nlog line\nmore"),)), "log line"),
            (message("u1", parts=(_note("selection", "x = 1"), Part("text", "Why?"))), "Why?"),
        ]
        if not apart:
            world.ingest(*(row for row, _title_after in rows))
            assert _title(world) == "Why?"
            return
        for row, title in rows:
            world.ingest(row)
            assert _title(world) == title
        world.ingest(message("c3", "/loop", kind="command"), message("u2", "Later"))
        assert _title(world) == "Why?"

    @pytest.mark.parametrize("text", ["# Plan: Dig the bed\n\nSteps", "## Dig the bed"])
    def test_the_heading_of_a_plan_is_the_title(self, world: World, text: str) -> None:
        """Without its signs."""
        world.ingest(message("u1", text, kind="plan"))
        assert _title(world) == "Dig the bed"

    def test_what_the_client_wrote_is_not_a_title(self, world: World) -> None:
        """Reminders, reports and outputs."""
        world.ingest(
            *(
                message(f"u{at}", "Text", kind=kind)
                for at, kind in enumerate(("injected", "notification", "command_output", "notice"))
            )
        )
        assert _title(world) is None


class TestShortTitle:
    """A line that fits into a list."""

    def test_it_is_the_first_line(self) -> None:
        """Without the spaces around and within."""
        assert short_title("\n  Fix \t the   parser \nand more") == "Fix the parser"

    def test_a_line_of_signs_is_passed_over(self) -> None:
        """Unless there is nothing else."""
        assert short_title("```\nmake: error 2\n```") == "make: error 2"
        assert short_title("```python\nprint(1)\n```\nwhy?") == "print(1)"
        assert short_title("```c++") == "```c++"
        assert short_title("???") == "???"

    def test_a_line_that_is_a_tag_is_passed_over(self) -> None:
        """Unless there is nothing else; a line that speaks of one is not one."""
        assert short_title("<command-name>/x</command-name>\n<br>\nWhy this?") == "Why this?"
        assert short_title("<a>b</a>") == "<a>b</a>"
        assert short_title("<br> is ignored\nmore") == "<br> is ignored"

    def test_a_block_of_lines_in_a_tag_is_passed_over(self) -> None:
        """Whatever its name is; one that is quoted in a line is not a block."""
        block = '<uploaded-files kind="a">\n~/x.png\n</uploaded-files>\n'
        assert short_title(f"{block}{block}What is this?") == "What is this?"
        assert short_title(block) == "~/x.png"
        assert short_title("<b>Two</b> words") == "<b>Two</b> words"

    def test_what_cannot_be_seen_is_no_title(self) -> None:
        """Characters without width are nothing to read."""
        assert short_title("\u200b\u200b\n\ufeff") == ""

    def test_it_is_cut_at_a_word(self) -> None:
        """The cut shows."""
        assert short_title("word " * 50) == "word " * 38 + "word…"

    def test_one_endless_word_is_cut_anywhere(self) -> None:
        """A path or a language without spaces still fills the line."""
        assert short_title("x" * 300) == "x" * 199 + "…"

    @given(st.text())
    def test_it_always_fits(self, text: str) -> None:
        """Whatever was typed: one line, at most 200 characters."""
        title = short_title(text)
        assert len(title) <= MAX_TITLE_CHARS
        assert "\n" not in title


class TestConversation:
    """Sessions in which nobody said anything are listed only when asked for."""

    @staticmethod
    def _is_listed(world: World) -> bool:
        shown, _end = list_sessions(world.database, SessionFilter(is_conversation=True))
        every, _end = list_sessions(world.database, SessionFilter())
        assert [row.session_id for row in every] == [SESSION]
        return shown == every

    @pytest.mark.parametrize(
        ("kind", "text", "is_listed"),
        [
            ("prompt", "Hello", True),
            ("teammate", "Hello", True),
            ("plan", "# Dig", True),
            ("cross_session", "Hello", True),
            ("answer", "Hello", True),
            ("summary", "Hello", True),
            ("command", "/review", True),
            ("command", "! ls", True),
            ("command", "/exit", False),
            ("command_output", "Bye!", False),
            ("notice", "/remote-control is active", False),
            ("injected", "Caveat", False),
            ("interrupt", "[Request interrupted by user]", False),
        ],
    )
    def test_somebody_said_something(
        self,
        world: World,
        *,
        kind: Any,  # noqa: ANN401 - a kind
        text: str,
        is_listed: bool,
    ) -> None:
        """A person, Claude or another session; not the client alone."""
        world.ingest(message("u1", text, kind=kind))
        assert self._is_listed(world) is is_listed

    @pytest.mark.parametrize("apart", [False, True])
    def test_an_answer_to_the_client_alone_is_not_one(self, world: World, *, apart: bool) -> None:
        """It asks for summaries of other sessions in sessions of their own."""
        facts: dict[str, JsonValue] = {"request": "summary"}
        rows = [
            message("u1", "Context", kind="injected", facts=facts),
            message("a1", "Summary", kind="answer"),
        ]
        for batch in [[row] for row in rows] if apart else [rows]:
            world.ingest(*batch)
        assert not self._is_listed(world)
        world.ingest(message("u2", "Thanks"))
        assert self._is_listed(world)
