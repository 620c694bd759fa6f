"""The parts that are made of a message's content blocks."""

from __future__ import annotations

import pytest

from ccsync_watch.model import JsonValue, Part
from support.lines import Writer, call, text, thinking
from support.parsing import read_contents, read_message, read_row


class TestAnswers:
    """Blocks of the model's response."""

    def test_blocks_become_parts(self) -> None:
        """In their order; each call keeps its id and its name."""
        row = Writer().answer(thinking("hm"), text("hello"), call("toolu_1", "Bash", command="ls"))
        message = read_message(row)
        assert (message.role, message.kind) == ("assistant", "answer")
        assert message.parts == (
            Part("thinking", "hm"),
            Part("text", "hello"),
            Part("tool-call", {"command": "ls"}, "toolu_1", "Bash"),
        )
        (usage,) = read_row(row).usages
        assert (message.model, message.usage_id) == ("claude-opus-5-5", usage.id)
        assert message.facts == {"stop_reason": "end_turn"}
        assert usage.response_id == "msg_1"

    @pytest.mark.parametrize("kind", ["tool_use", "server_tool_use", "mcp_tool_use"])
    @pytest.mark.parametrize("name", ["", " \u200b"])
    def test_every_kind_of_call_is_a_call(self, kind: str, name: str) -> None:
        """One without a name that is seen is unknown, one without an id has none."""
        row = Writer().answer({"type": kind, "id": "", "name": name, "input": {"a": 1}})
        assert read_message(row).parts == (Part("tool-call", {"a": 1}, None, "unknown"),)

    @pytest.mark.parametrize(
        "used", ["call_abc|fc_123", "functions.Bash:6", "a b", "<i>", "é" * 200]
    )
    def test_an_id_of_any_characters_ties_a_result_to_its_call(self, used: str) -> None:
        """Gateways choose them freely; one that a page could interpret is stored as a hash."""
        writer = Writer()
        (tool_call,) = read_message(writer.answer(call(used, "Bash", command="ls"))).parts
        (result,) = read_message(writer.result(used, "output")).parts
        assert tool_call.tool_use_id is not None
        assert tool_call.tool_use_id == result.tool_use_id
        assert not set(tool_call.tool_use_id) & set(" <>\"'&")

    def test_a_result_of_a_server_tool_is_part_of_the_answer(self) -> None:
        """A web search's, for example."""
        block = {"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": []}
        expected = Part("tool-result", {"content": []}, "srv_1")
        assert read_message(Writer().answer(block)).parts == (expected,)

    @pytest.mark.parametrize(
        ("kind", "more", "code"),
        [
            ("web_fetch", {"type": "web_fetch_tool_error", "error_code": "unavailable"}, None),
            ("web_search", [{"type": "web_search_tool_result_error", "error_code": "x"}], None),
            ("code", {"type": "bash_code_execution_result", "stdout": "", "return_code": 2}, 2),
        ],
    )
    def test_a_server_tool_that_failed_has_not_worked(
        self, kind: str, more: JsonValue, code: int | None
    ) -> None:
        """The type of what it returned says so, or what a command returned."""
        block = {"type": f"{kind}_tool_result", "tool_use_id": "srv_1", "content": more}
        (part,) = read_message(Writer().answer(block)).parts
        failure = {} if code is None else {"exit_code": code}
        assert part.content == {"content": more, "is_error": True, **failure}

    def test_the_error_of_a_server_of_mcp_is_one(self) -> None:
        """The block says so."""
        block = {"type": "mcp_tool_result", "tool_use_id": "m", "is_error": True, "content": []}
        (part,) = read_message(Writer().answer(block)).parts
        assert part.content == {"content": [], "is_error": True}

    def test_blocks_that_say_nothing_are_left_out(self) -> None:
        """Empty texts, hidden thinking, unknown blocks, and values that are not blocks."""
        row = Writer().answer(
            text(""),
            {"type": "thinking", "thinking": ""},
            {"type": "redacted_thinking", "data": "x"},
            {"type": 7},
            {"type": ["text"]},
            7,  # type: ignore[arg-type]  # what a broken row may hold
        )
        assert read_message(row).parts == ()

    @pytest.mark.parametrize("content", [None, 7, {}])
    def test_a_message_without_blocks_has_no_parts(self, content: object) -> None:
        """And is a message nevertheless."""
        row = Writer().row("assistant", message={"content": content})
        assert read_message(row).parts == ()


class TestPrompts:
    """Blocks of a user row."""

    def test_a_prompt_is_the_users(self) -> None:
        """As text, or as blocks with images and documents."""
        image = {"type": "image", "source": {"data": "xx"}}
        document = {"type": "document", "source": {"data": "yy"}}
        assert read_contents(Writer().prompt("hello")) == ("user", "prompt", ["hello"])
        row = Writer().row("user", message={"content": [text("see"), image, document, text("")]})
        assert read_contents(row) == ("user", "prompt", ["see", image, document])
        assert [part.kind for part in read_message(row).parts] == ["text", "image", "file"]

    def test_a_message_without_text_is_a_prompt(self) -> None:
        """An image alone is one."""
        image = {"type": "image", "source": {}}
        row = Writer().row("user", message={"content": [image]})
        assert read_contents(row) == ("user", "prompt", [image])


class TestResults:
    """What a tool returned."""

    def test_a_result_belongs_to_its_call(self) -> None:
        """With its outcome, and with what the client knows beyond the text."""
        row = Writer().result("toolu_1", "out", detail={"stdout": "out"})
        message = read_message(row)
        assert (message.role, message.kind) == ("tool", "tool_result")
        (part,) = message.parts
        assert (part.kind, part.tool_use_id) == ("tool-result", "toolu_1")
        assert part.content == {"is_error": False, "content": "out", "detail": {"stdout": "out"}}

    def test_a_failure_keeps_its_exit_code(self) -> None:
        """From its first words; the same text in a success is output."""
        failure = Writer().result("t", "Error: Exit code 127\nno such command", is_error=True)
        content = read_message(failure).parts[0].content
        assert isinstance(content, dict)
        assert (content["exit_code"], content["is_error"]) == (127, True)
        success = read_message(Writer().result("t", "Exit code 1")).parts[0].content
        assert isinstance(success, dict)
        assert "exit_code" not in success

    def test_a_failure_without_text_has_no_exit_code(self) -> None:
        """Its content may be blocks."""
        content = read_message(Writer().result("t", [text("x")], is_error=True)).parts[0].content
        assert content == {"is_error": True, "content": [text("x")]}

    def test_a_denial_is_marked(self) -> None:
        """Its text is the user's, not a file's."""
        row = {**Writer().result("t", "no"), "toolDenialKind": "user-rejected"}
        message = read_message(row)
        assert message.facts == {"denial": "user-rejected"}
        content = {"is_error": False, "content": "no", "denied": "rejected by you"}
        assert message.parts[0].content == content

    def test_the_clients_detail_belongs_to_a_single_result(self) -> None:
        """With two results in a row it is not known whose it is."""
        blocks = [{"type": "tool_result", "tool_use_id": id_, "content": id_} for id_ in "ab"]
        row = Writer().row("user", message={"content": blocks}, toolUseResult={"stdout": "a"})
        assert [part.content for part in read_message(row).parts] == [
            {"is_error": False, "content": "a"}, {"is_error": False, "content": "b"}
        ]  # fmt: skip

    def test_words_next_to_a_result_are_the_persons(self) -> None:
        """Who allows a call can say something about it."""
        row = Writer().result("t", "ok")
        row["message"]["content"] += [text("but use tabs"), text("please")]
        (part,) = read_message(row).parts
        assert isinstance(part.content, dict)
        assert part.content["said"] == "but use tabs\n\nplease"

    def test_words_next_to_several_results_stay_beside_them(self) -> None:
        """It is not known which they are about."""
        blocks = [{"type": "tool_result", "tool_use_id": name, "content": ""} for name in "ab"]
        row = Writer().row("user", message={"content": [*blocks, text("stop that")]})
        assert [part.kind for part in read_message(row).parts] == ["tool-result"] * 2 + ["text"]

    @pytest.mark.parametrize(
        ("words", "label"),
        [
            ("Tool loaded.\n[id:7]", "tools"),
            ("[Request interrupted by user for tool use]", "interrupt"),
            ("<system-reminder>rain</system-reminder>", "reminder"),
        ],
    )
    def test_what_the_client_puts_next_to_a_result_is_a_note(self, words: str, label: str) -> None:
        """Nobody typed it."""
        row = Writer().result("t", "ok")
        row["message"]["content"].append(text(words))
        result, beside = read_message(row).parts
        assert "said" not in str(result.content)
        assert isinstance(beside.content, dict)
        assert (beside.kind, beside.content["label"]) == ("note", label)


class TestOddShapes:
    """What gateways and older clients write in the place of blocks and arguments."""

    def test_a_text_in_the_place_of_a_block_is_a_text(self) -> None:
        """It is what was said, all the same."""
        row = Writer().answer("first", text("second"))  # type: ignore[arg-type]  # the odd shape
        assert [part.content for part in read_message(row).parts] == ["first", "second"]

    @pytest.mark.parametrize(
        ("arguments", "content"),
        [
            ('{"command": "ls"}', {"command": "ls"}),
            ("ls -l", "ls -l"),
            ('{"command": "l', '{"command": "l'),
            (["ls"], ["ls"]),
            (None, None),
        ],
    )
    def test_arguments_are_kept_in_whatever_shape(
        self, arguments: JsonValue, content: JsonValue
    ) -> None:
        """A text that is an object is that object: its values are then known by their names."""
        block = {"type": "tool_use", "id": "t1", "name": "Bash", "input": arguments}
        assert read_message(Writer().answer(block)).parts[0].content == content
