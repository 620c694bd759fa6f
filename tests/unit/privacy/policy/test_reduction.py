"""What of a part is never kept, whatever the user decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccsync_watch.model import Part
from ccsync_watch.privacy.policy.limits import cut
from ccsync_watch.privacy.policy.policy import ToolCall
from ccsync_watch.privacy.policy.reduction import MAX_ARGUMENT_BYTES, reduce

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue, PartKind

SECRET = "what the file says"
SIZE = {"lines": 1, "bytes": 18}
KEYS = st.sampled_from(
    ["content", "file_path", "edits", "old_string", "source", "data", "file", "text", "type",
     "structuredPatch", "lines", "_text", "_chars", "is_error", "detail", "denied",
     "said", "k" * 300]
)  # fmt: skip
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 1 << 40)
    | st.floats(0, 1)
    | st.text("ab\n", max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
)


def reduce_call(name: str, **arguments: JsonValue) -> JsonValue:
    """Reduce a tool call."""
    return reduce(Part("tool-call", arguments, "t", name), None, 4000)


def reduce_result(
    content: JsonValue, call: str | None = "Bash", limit: int = 1000, **more: JsonValue
) -> dict[str, JsonValue]:
    """Reduce the result of a call of this name, or of an unknown one."""
    outcome: dict[str, JsonValue] = {"is_error": False, "content": content, **more}
    known = ToolCall(call, None) if call else None
    reduced = reduce(Part("tool-result", outcome, "t"), known, limit)
    assert isinstance(reduced, dict)
    return reduced


class TestCalls:
    """The arguments of tools."""

    @pytest.mark.parametrize(
        ("name", "arguments", "reduced"),
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
                "LaterTool",
                {"path": "/a", "inner": {"text": SECRET}, "list": [{"data": SECRET}]},
                {"path": "/a", "inner": {"text": SIZE}, "list": [{"data": SIZE}]},
            ),
            ("mcp__docs__create_page", {"path": "/a", "text": "b"}, {"path": "/a", "text": "b"}),
            ("Write", {"content": {SECRET: 1}}, {"content": {"bytes": 24}}),
            ("Write", {"content": [SECRET]}, {"content": {"bytes": 22}}),
            ("Write", {"content": []}, {"content": {"bytes": 2}}),
            ("Write", {"content": 123456}, {"content": {"bytes": 6}}),
            ("Write", {"content": None}, {"content": None}),
            ("SendMail", {"content": "hello"}, {"content": "hello"}),
        ],
    )
    def test_a_files_content_is_measured(
        self, name: str, arguments: dict[str, Any], reduced: JsonValue
    ) -> None:
        """Path, lines and bytes are kept; the keys inside a content are content too."""
        assert reduce_call(name, **arguments) == reduced

    @pytest.mark.parametrize("arguments", ["ls -l", ["ls", {"deep": 1}], 7])
    def test_arguments_that_are_not_an_object_are_shown(self, arguments: JsonValue) -> None:
        """The model may write anything; a file tool's may be the file's content."""
        assert reduce(Part("tool-call", arguments, "t", "Bash"), None, 1) == {"input": arguments}
        reduced = reduce(Part("tool-call", arguments, "t", "Write"), None, 1)
        assert reduced in ({"input": {"lines": 1, "bytes": 5}}, {"input": {"bytes": 17}},
                           {"input": {"bytes": 1}})  # fmt: skip
        assert reduce(Part("tool-call", None, "t", "Bash"), None, 1) == {}

    def test_what_an_mcp_tool_writes_to_a_file_of_secrets_is_measured(self) -> None:
        """The path decides, as with the client's own tools."""
        call = ToolCall("mcp__fs__put", None, "secrets")
        arguments: JsonValue = {"path": "/a/.env", "text": SECRET}
        reduced = reduce(Part("tool-call", arguments, "t", "mcp__fs__put"), call, 4000)
        assert reduced == {"path": "/a/.env", "text": SIZE}

    def test_deeply_nested_arguments_are_left_out(self) -> None:
        """A dozen levels are enough."""
        value: JsonValue = "end"
        for _ in range(20):
            value = [value]
        assert b"end" not in orjson.dumps(reduce_call("Bash", command=value))

    def test_arguments_too_large_to_keep_are_shortened(self) -> None:
        """Short values are kept, long ones and a file's content are measured."""
        arguments: dict[str, JsonValue] = {
            "path": "/a",
            "content": SECRET,
            "query": "q" * MAX_ARGUMENT_BYTES,
            "rows": ["r" * 300],
            "few": [1, 2],
            "k" * 300: "long key",
        }
        reduced = reduce_call("LaterTool", **arguments)
        assert reduced == {
            "path": "/a",
            "content": SIZE,
            "query": {"lines": 1, "bytes": MAX_ARGUMENT_BYTES},
            "rows": {"bytes": 304},
            "few": [1, 2],
        }

    def test_a_long_list_of_edits_is_cut(self) -> None:
        """A hundred are enough."""
        reduced = reduce_call("MultiEdit", edits=[{"old_string": SECRET}] * 300)
        assert reduced == {"edits": [{"old_string": SIZE}] * 100}


class TestMedia:
    """Images, documents, mentioned files."""

    @pytest.mark.parametrize(
        ("content", "reduced"),
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
    def test_type_path_and_size_are_kept(self, content: JsonValue, reduced: JsonValue) -> None:
        """The content never is."""
        kind: PartKind = "file"
        assert reduce(Part(kind, content), None, 1) == reduced


def test_a_figure_that_cannot_be_one_is_left_out() -> None:
    """A sum with it would be infinite, or less than nothing."""
    detail: JsonValue = {"durationMs": 1e308, "numFiles": -1, "numLines": 2}
    result = Part("tool-result", {"content": "x", "detail": detail})
    reduced = reduce(result, ToolCall("Grep", None), 10)
    assert isinstance(reduced, dict)
    assert {*reduced} == {"ok", "lines", "bytes", "output", "numLines"}


def test_a_note_keeps_its_text() -> None:
    """Shortened like a prompt; odd ones are empty."""
    note: JsonValue = {"label": "pasted", "text": "x" * 90_000}
    reduced = reduce(Part("note", note), None, 10)
    assert cut(reduced, 10) == {
        "label": "pasted",
        "text": "x" * 10 + "… [cut: 89,990 of 90,000 characters]",
    }
    assert reduce(Part("note", "odd"), None, 10) == {}


class TestResults:
    """What tools returned."""

    def test_a_commands_output_is_kept(self) -> None:
        """With its outcome, and with the client's measurements."""
        reduced = reduce_result(
            "out", detail={"interrupted": False, "stdout": "out", "durationMs": 5}
        )
        assert reduced == {
            "ok": True, "lines": 1, "bytes": 3, "output": "out",
            "interrupted": False, "durationMs": 5,
        }  # fmt: skip

    def test_a_files_content_is_not_kept(self) -> None:
        """Its path and its size are."""
        file: JsonValue = {
            "filePath": "/a", "content": SECRET, "numLines": 1, "totalLines": 9
        }  # fmt: skip
        reduced = reduce_result(SECRET, "Read", detail={"type": "text", "file": file})
        assert reduced == {
            "ok": True,
            **SIZE,
            "type": "text",
            "path": "/a",
            "numLines": 1,
            "totalLines": 9,
        }

    def test_the_result_of_an_unknown_call_may_be_a_file(self) -> None:
        """In doubt its text is not kept."""
        assert reduce_result(SECRET, None) == {"ok": True, **SIZE}

    def test_an_edit_keeps_how_many_lines_changed(self) -> None:
        """Counted in the patch, which is not kept."""
        patch: JsonValue = [{"lines": ["+a", "+b", "-c", " d", 7]}, {"lines": "x"}, "broken"]
        reduced = reduce_result("ok", "Edit", detail={"filePath": "/a", "structuredPatch": patch})
        assert (reduced["lines_added"], reduced["lines_removed"], reduced["path"]) == (2, 1, "/a")
        assert "output" not in reduced

    def test_a_failed_edit_keeps_its_first_line(self) -> None:
        """The following lines can quote the file."""
        reduced = reduce_result(f"String not found\n{SECRET}", "Edit", is_error=True)
        assert reduced["output"] == "String not found"
        assert reduced["ok"] is False

    def test_a_long_first_line_is_cut_after_the_redaction(self) -> None:
        """Half a secret would not be recognised as one."""
        line = "bad " * 60
        reduced = reduce_result(f"{line}\nmore", "Edit", is_error=True)
        assert reduced["output"] == {"_text": line, "_shown": 200}
        mark = "… [cut: 40 of 240 characters]"
        assert cut(reduced["output"], 1000) == line[:200] + mark
        reduced = reduce_result("x" * 100_000, "Edit", is_error=True)
        output = cut(reduced["output"], 1000)
        assert output == "x" * 200 + "… [cut: 99,800 of 100,000 characters]"

    def test_a_failed_commands_output_is_kept(self) -> None:
        """And its exit code."""
        reduced = reduce_result("Exit code 2\nbad", is_error=True, exit_code=2)
        assert (reduced["exit_code"], reduced["output"]) == (2, "Exit code 2\nbad")

    def test_a_denial_is_kept_whatever_the_tool(self) -> None:
        """It is not a file's text; of a person's words the client's sentence is left out."""
        reduced = reduce_result("blocked", "Write", denied="denied by a hook")
        assert (reduced["denied"], reduced["output"]) == ("denied by a hook", "blocked")
        reduced = reduce_result("The user said: no", "Write", denied="rejected by you", said="no")
        assert (reduced["denied"], reduced["said"]) == ("rejected by you", "no")
        assert "output" not in reduced
        wrong = "<tool_use_error>Sibling tool call errored</tool_use_error>"
        reduced = reduce_result(wrong, "Bash", denied="cancelled")
        assert (reduced["output"], "note" in reduced) == ("Sibling tool call errored", False)

    @pytest.mark.parametrize(
        ("content", "output"),
        [
            ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "a\nb"),
            ([{"type": "image", "source": {"data": "x" * 8}}], "[image: 6 bytes]"),
            ([{"type": "other"}, "bare", 7], "[other]\nbare\n7"),
            (None, None),
        ],
    )
    def test_a_result_of_blocks_is_kept_as_text(
        self, content: JsonValue, output: str | None
    ) -> None:
        """Images as their size."""
        assert reduce_result(content).get("output") == output

    def test_an_image_is_measured_by_its_own_bytes(self) -> None:
        """Not by the text that stands for it; among texts it is one of them."""
        image: JsonValue = {"type": "image", "source": {"data": "x" * 8}}
        assert reduce_result([image, image], "Read") == {"ok": True, "bytes": 12}
        assert reduce_result([image, {"type": "text", "text": "1"}], "Read")["lines"] == 2

    def test_a_document_is_measured_by_its_own_bytes(self) -> None:
        """Not by the words that the client writes before it, or about the pages that it made."""
        said: JsonValue = {"type": "text", "text": "PDF file read: /b/plan.pdf (6 bytes)"}
        document: JsonValue = {"type": "document", "source": {"type": "base64", "data": "x" * 8}}
        file: JsonValue = {"filePath": "/b/plan.pdf", "base64": "x" * 8, "originalSize": 6}
        whole = reduce_result([said, document], "Read", detail={"type": "pdf", "file": file})
        assert whole == {"ok": True, "bytes": 6, "type": "pdf", "path": "/b/plan.pdf"}
        pages: JsonValue = {"filePath": "/b/plan.pdf", "originalSize": 700, "count": 3}
        parts = reduce_result([said], "Read", detail={"type": "parts", "file": pages})
        assert (parts["bytes"], "lines" in parts) == (700, False)
        assert reduce_result([said], "Read", detail={"type": "parts", "file": {}})["lines"] == 1
        assert reduce_result([], "Read") == {"ok": True, "lines": 0, "bytes": 0}

    def test_details_that_are_not_plain_values_are_left_out(self) -> None:
        """A long text or a list under a known name could be anything."""
        reduced = reduce_result("x", detail={"status": "s" * 201, "agentId": ["a"], "type": "ok"})
        assert "status" not in reduced
        assert "agentId" not in reduced
        assert reduced["type"] == "ok"

    def test_a_result_that_is_not_an_object_is_left_out(self) -> None:
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
    reduced = reduce(part, ToolCall("Read", 1) if is_known else None, 10)
    assert orjson.dumps(cut(reduced, 10)) is not None
