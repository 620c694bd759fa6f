"""What of a part may leave, whatever the user decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccsync_watch.model import Part
from ccsync_watch.privacy.policy.limits import cut
from ccsync_watch.privacy.policy.policy import ToolCall
from ccsync_watch.privacy.policy.reduction import MAX_ARGUMENT_BYTES, is_file_tool, reduce

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue, PartKind

SECRET = "what the file says"
SIZE = {"lines": 1, "bytes": 18}
KEYS = st.sampled_from(
    ["content", "file_path", "edits", "old_string", "source", "data", "file", "text", "type",
     "structuredPatch", "lines", "_text", "_chars", "is_error", "detail", "is_denied", "k" * 300]
)  # fmt: skip
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 1 << 40)
    | st.floats(0, 1)
    | st.text("ab\n", max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
)


def called(name: str, **arguments: JsonValue) -> JsonValue:
    """Reduce a tool call."""
    return reduce(Part("tool-call", arguments, "t", name), None, 4000)


def answered(
    content: JsonValue, call: str | None = "Bash", limit: int = 1000, **more: JsonValue
) -> dict[str, JsonValue]:
    """Reduce the result of a call of this name, or of an unknown one."""
    outcome: dict[str, JsonValue] = {"is_error": False, "content": content, **more}
    known = ToolCall(call, None) if call else None
    made = reduce(Part("tool-result", outcome, "t"), known, limit)
    assert isinstance(made, dict)
    return made


class TestCalls:
    """The arguments of tools."""

    @pytest.mark.parametrize(
        "name", ["Write", "Edit", "NotebookEdit", "Read", "mcp__fs__write_file", "mcp__x__ReadIt"]
    )
    def test_tools_of_files_are_known(self, name: str) -> None:
        """Those of other programs by what their name says."""
        assert is_file_tool(name)

    @pytest.mark.parametrize("name", ["Bash", "Grep", "Task", "mcp__weather__now", "Written"])
    def test_other_tools_are_not(self, name: str) -> None:
        """A name that begins alike is another name."""
        assert not is_file_tool(name)

    @pytest.mark.parametrize(
        ("name", "arguments", "made"),
        [
            ("Bash", {"command": "ls", "timeout": 5}, {"command": "ls", "timeout": 5}),
            (
                "Write",
                {"file_path": "/a", "content": SECRET},
                {"file_path": "/a", "content": SIZE},
            ),
            (
                "Edit",
                {
                    "file_path": "/a",
                    "old_string": SECRET,
                    "new_string": SECRET,
                    "replace_all": True,
                },
                {"file_path": "/a", "old_string": SIZE, "new_string": SIZE, "replace_all": True},
            ),
            (
                "MultiEdit",
                {"edits": [{"old_string": SECRET, "new_string": [SECRET], "note": SECRET}]},
                {"edits": [{"old_string": SIZE, "new_string": {"bytes": 22}}]},
            ),
            (
                "mcp__any__thing",
                {"path": "/a", "inner": {"text": SECRET}, "list": [{"data": SECRET}]},
                {"path": "/a", "inner": {"text": SIZE}, "list": [{"data": SIZE}]},
            ),
            ("Write", {"content": {SECRET: 1}}, {"content": {"bytes": 24}}),
            ("Write", {"content": [SECRET]}, {"content": {"bytes": 22}}),
            ("Write", {"content": []}, {"content": {"bytes": 2}}),
            ("Write", {"content": 123456}, {"content": {"bytes": 6}}),
            ("Write", {"content": None}, {"content": None}),
            ("SendMail", {"content": "hello"}, {"content": "hello"}),
        ],
    )
    def test_a_files_content_is_measured_not_told(
        self, name: str, arguments: dict[str, Any], made: JsonValue
    ) -> None:
        """Its path, lines and bytes are what leaves; a content's keys are content too."""
        assert called(name, **arguments) == made

    def test_arguments_that_are_none_leave_nothing(self) -> None:
        """The model may write anything."""
        assert reduce(Part("tool-call", "text", "t", None), None, 1) == {}

    def test_what_is_nested_deeply_is_left_out(self) -> None:
        """A dozen levels tell enough."""
        value: JsonValue = "end"
        for _ in range(20):
            value = [value]
        assert b"end" not in orjson.dumps(called("Bash", command=value))

    def test_arguments_too_large_to_keep_are_told_in_brief(self) -> None:
        """Short values stay, long ones are measured, and a file's content stays hidden."""
        arguments: dict[str, JsonValue] = {
            "path": "/a",
            "content": SECRET,
            "query": "q" * MAX_ARGUMENT_BYTES,
            "rows": ["r" * 300],
            "few": [1, 2],
            "k" * 300: "long key",
        }
        made = called("mcp__any__thing", **arguments)
        assert made == {
            "path": "/a",
            "content": SIZE,
            "query": {"lines": 1, "bytes": MAX_ARGUMENT_BYTES},
            "rows": {"bytes": 304},
            "few": [1, 2],
        }

    def test_a_long_list_of_edits_is_cut(self) -> None:
        """A hundred tell enough."""
        made = called("MultiEdit", edits=[{"old_string": SECRET}] * 300)
        assert made == {"edits": [{"old_string": SIZE}] * 100}


class TestMedia:
    """Images, documents, mentioned files."""

    @pytest.mark.parametrize(
        ("content", "made"),
        [
            (
                {"source": {"media_type": "image/png", "data": "x" * 8}},
                {"media_type": "image/png", "bytes": 6},
            ),
            ({"source": {"type": "url", "data": None, "media_type": ["x"]}}, {}),
            (
                {"filename": "/a", "content": {"file": {"filePath": "/b", "content": SECRET}}},
                {"path": "/a", **SIZE},
            ),
            ({"content": {"file": {"filePath": "/b", "type": "png", "originalSize": 9}}},
             {"path": "/b", "media_type": "png", "bytes": 9}),
            ({"displayPath": "a", "content": {"content": SECRET}}, {"path": "a", **SIZE}),
            ({"content": {"file": {"originalSize": True}}}, {}),
            ({"filename": "/a", "content": SECRET}, {"path": "/a"}),
            ("text", {}),
        ],
    )  # fmt: skip
    def test_type_name_and_size_leave(self, content: JsonValue, made: JsonValue) -> None:
        """The bytes never do."""
        kind: PartKind = "file"
        assert reduce(Part(kind, content), None, 1) == made


class TestResults:
    """What tools gave back."""

    def test_a_commands_output_is_told(self) -> None:
        """With its outcome, and with what the client measured."""
        made = answered("out", detail={"interrupted": False, "stdout": "out", "durationMs": 5})
        assert made == {
            "ok": True, "lines": 1, "bytes": 3, "output": "out",
            "interrupted": False, "durationMs": 5,
        }  # fmt: skip

    def test_a_files_content_is_not_told(self) -> None:
        """Its path and its size are."""
        file: JsonValue = {
            "filePath": "/a", "content": SECRET, "numLines": 1, "totalLines": 9
        }  # fmt: skip
        made = answered(SECRET, "Read", detail={"type": "text", "file": file})
        assert made == {
            "ok": True,
            **SIZE,
            "type": "text",
            "path": "/a",
            "numLines": 1,
            "totalLines": 9,
        }

    def test_the_result_of_an_unknown_call_may_be_a_file(self) -> None:
        """In doubt it stays."""
        assert answered(SECRET, None) == {"ok": True, **SIZE}

    def test_an_edit_tells_how_many_lines_changed(self) -> None:
        """Counted in the patch, which stays."""
        patch: JsonValue = [{"lines": ["+a", "+b", "-c", " d", 7]}, {"lines": "x"}, "broken"]
        made = answered("ok", "Edit", detail={"filePath": "/a", "structuredPatch": patch})
        assert (made["lines_added"], made["lines_removed"], made["path"]) == (2, 1, "/a")
        assert "output" not in made

    def test_a_failed_edit_tells_its_first_line(self) -> None:
        """What follows can quote the file."""
        made = answered(f"String not found\n{SECRET}", "Edit", is_error=True)
        assert made["output"] == "String not found"
        assert made["ok"] is False

    @pytest.mark.parametrize(
        ("line", "output"), [("bad " * 50, "bad " * 49 + "bad"), ("x" * 300, "")]
    )
    def test_a_long_first_line_is_cut_between_words(self, line: str, output: str) -> None:
        """Half a secret would not be recognised as one."""
        assert answered(line + "x", "Edit", is_error=True)["output"] == output

    def test_a_failed_command_tells_all(self) -> None:
        """And its exit code."""
        made = answered("Exit code 2\nbad", is_error=True, exit_code=2)
        assert (made["exit_code"], made["output"]) == (2, "Exit code 2\nbad")

    def test_a_denial_is_told_whatever_the_tool(self) -> None:
        """It is the user's word."""
        assert answered("no, because", "Write", is_denied=True)["output"] == "no, because"

    @pytest.mark.parametrize(
        ("content", "output"),
        [
            ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "a\nb"),
            ([{"type": "image", "source": {"data": "x" * 8}}], "[image: 6 bytes]"),
            ([{"type": "other"}, "broken", 7], None),
            (None, None),
        ],
    )
    def test_a_result_of_blocks_is_told_as_text(
        self, content: JsonValue, output: str | None
    ) -> None:
        """Images as their size."""
        assert answered(content).get("output") == output

    def test_details_that_are_no_values_stay(self) -> None:
        """A long text or a list under a known name could be anything."""
        made = answered("x", detail={"status": "s" * 201, "agentId": ["a"], "type": "ok"})
        assert "status" not in made
        assert "agentId" not in made
        assert made["type"] == "ok"

    def test_an_outcome_that_is_none_leaves_nothing(self) -> None:
        """The model may write anything."""
        assert reduce(Part("tool-result", "text", "t"), None, 1) == {}


@given(
    st.sampled_from(["text", "thinking", "tool-call", "tool-result", "image", "file"]),
    JSON,
    st.booleans(),
)
def test_any_content_is_reduced_and_cut(kind: PartKind, content: Any, is_known: bool) -> None:  # noqa: ANN401, FBT001 - any JSON
    """Whatever the model or the client wrote, the result can be stored."""
    part = Part(kind, content, "t", "Write")
    made = reduce(part, ToolCall("Read", 1) if is_known else None, 10)
    assert orjson.dumps(cut(made, 10)) is not None
