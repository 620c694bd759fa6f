"""The wire format: everything that is sent has a shape that the backend accepts."""

from __future__ import annotations

import string
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccsync_watch.model import (
    JsonValue,
    Part,
    PartKind,
    Redacted,
)
from ccsync_watch.opensync import wire
from ccsync_watch.outgoing import SessionSummary, StoredMessage
from support.opensync_double.backend import Backend


def _message(*parts: Part, **more: Any) -> StoredMessage:  # noqa: ANN401 - any field
    fields: dict[str, Any] = {
        "seq": 1,
        "id": "s1:u1",
        "session_id": "s1",
        "agent_id": None,
        "agent_type": None,
        "uuid": "u1",
        "role": "assistant",
        "kind": "answer",
        "timestamp_ms": 1000,
        "model": None,
        "is_inherited": False,
        "prompt_tokens": None,
        "output_tokens": None,
        "facts": {},
        "parts": parts,
        **more,
    }
    return StoredMessage(**fields)


def _part(kind: PartKind, content: JsonValue, name: str | None = None) -> Part:
    return Part(kind, content, "toolu_1", name)


def _sent(*parts: Part, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any field
    return dict(wire.message_payload(Redacted(_message(*parts, **more)), 1000).value)


def _summary(**more: Any) -> SessionSummary:  # noqa: ANN401 - any field
    fields: dict[str, Any] = {
        "session_id": "s1",
        "title": "Fix it",
        "project_path": "/p",
        "project_name": "p",
        "model": "opus",
        "prompt_tokens": 10,
        "output_tokens": 2,
        "cost_usd": 0.5,
        "started_ms": 1000,
        "duration_ms": 60,
        **more,
    }
    return SessionSummary(**fields)


class TestEndpoint:
    """From the configured address to that of the HTTP actions."""

    @pytest.mark.parametrize(
        ("url", "base", "host"),
        [
            (
                "https://happy-otter-123.convex.cloud",
                "https://happy-otter-123.convex.site",
                "happy-otter-123.convex.site",
            ),
            (
                "https://Happy-Otter-123.convex.cloud/",
                "https://happy-otter-123.convex.site",
                "happy-otter-123.convex.site",
            ),
            ("https://x.convex.cloud:8443", "https://x.convex.site:8443", "x.convex.site:8443"),
            ("https://x.convex.site", "https://x.convex.site", "x.convex.site"),
            ("https://x.convex.cloud./", "https://x.convex.site", "x.convex.site"),
            ("http://127.0.0.1:3211/", "http://127.0.0.1:3211", "127.0.0.1:3211"),
            ("http://[::1]:3211", "http://[::1]:3211", "[::1]:3211"),
            ("https://my.host/convex/", "https://my.host/convex", "my.host"),
            (
                "https://convex.cloud.evil.example",
                "https://convex.cloud.evil.example",
                "convex.cloud.evil.example",
            ),
        ],
    )
    def test_only_the_hosted_suffix_is_rewritten(self, url: str, base: str, host: str) -> None:
        """Any other host is used as it is."""
        assert wire.endpoint(url) == wire.Endpoint(base, host)


class TestSession:
    """A session's absolute state."""

    def test_every_field_of_it(self) -> None:
        """By the backend's names."""
        assert wire.session_payload(Redacted(_summary())).value == {
            "externalId": "s1",
            "title": "Fix it",
            "projectPath": "/p",
            "projectName": "p",
            "model": "opus",
            "provider": "anthropic",
            "source": "claude-code",
            "promptTokens": 10,
            "completionTokens": 2,
            "cost": 0.5,
            "durationMs": 60,
            "createdAt": 1000,
        }

    def test_what_is_not_known_is_left_out(self) -> None:
        """It overwrites nothing; a cost that is known to be 0 does."""
        unknown = dict.fromkeys(
            ("title", "project_path", "project_name", "model", "started_ms", "duration_ms")
        )
        payload = wire.session_payload(Redacted(_summary(**unknown, cost_usd=None))).value
        assert set(payload) == {
            "externalId",
            "provider",
            "source",
            "promptTokens",
            "completionTokens",
        }
        assert wire.session_payload(Redacted(_summary(cost_usd=0.0))).value["cost"] == 0.0
        unused = _summary(cost_usd=0.0, prompt_tokens=0, output_tokens=0)
        assert "cost" not in wire.session_payload(Redacted(unused)).value
        billed = _summary(cost_usd=0.2, prompt_tokens=0, output_tokens=0)
        assert wire.session_payload(Redacted(billed)).value["cost"] == 0.2

    def test_a_long_title_is_cut(self) -> None:
        """A document has limits, and a list has a width."""
        payload = wire.session_payload(Redacted(_summary(title="x" * (2 << 20)))).value
        assert payload["title"] == "x" * wire.MAX_TITLE_CHARS

    @pytest.mark.parametrize(
        ("changed", "survives"),
        [
            ({}, False),
            ({"cost": 9}, False),
            ({"durationMs": 9}, False),
            ({"projectName": "x"}, False),
            ({"title": "x"}, True),
            ({"model": "x"}, True),
            ({"projectPath": "x"}, True),
            ({"promptTokens": 11}, True),
            ({"completionTokens": 3}, True),
            ({"promptTokens": 0}, False),
            ({"completionTokens": 0}, False),
            ({"title": None}, True),
        ],
    )
    def test_it_is_known_what_the_quiet_period_drops(
        self, changed: dict[str, JsonValue], *, survives: bool
    ) -> None:
        """As the double does, for every field alone."""
        now = 1_790_000_000.0
        backend = Backend(clock=lambda: now)
        first = wire.session_payload(Redacted(_summary())).value
        both: dict[str, JsonValue] = {**first, **changed, "durationMs": 12345}
        second = {name: value for name, value in both.items() if value is not None}
        backend.post("/sync/session", first)
        backend.post("/sync/session", second)
        assert wire.survives_quiet_period({**second}, first) is survives
        assert (backend.session("s1").duration_ms == 12345) is survives


class TestMessage:
    """One message."""

    def test_every_field_of_it(self) -> None:
        """Ids, role, texts joined, tokens, parts and date."""
        payload = _sent(
            _part("text", "Hello"),
            _part("thinking", "Hm"),
            model="opus",
            prompt_tokens=3,
            output_tokens=4,
        )
        assert payload == {
            "sessionExternalId": "s1",
            "externalId": "s1:u1",
            "role": "assistant",
            "textContent": "Hello\n\n[thinking] Hm",
            "model": "opus",
            "promptTokens": 3,
            "completionTokens": 4,
            "source": "claude-code",
            "parts": [
                {"type": "text", "content": "Hello"},
                {"type": "thinking", "content": "[thinking] Hm"},
            ],
            "createdAt": 1000,
        }

    def test_without_a_date_the_backend_gives_one(self) -> None:
        """A field of null would be rejected."""
        payload = wire.message_payload(Redacted(_message()), None).value
        assert set(payload) == {
            "sessionExternalId",
            "externalId",
            "role",
            "textContent",
            "source",
            "parts",
        }

    def test_a_subagents_message_says_so(self) -> None:
        """Whatever the viewer shows of it begins with the subagent's name."""
        parts = (
            _part("text", "Done"),
            _part("tool-call", {"a": 1}, "Bash"),
            _part("tool-result", {"ok": True, "call": "Bash: ls"}, "Bash"),
        )
        payload = _sent(*parts, agent_id="abcdef0123456789", agent_type="Explore")
        assert [part["content"] for part in payload["parts"]] == [
            "[Explore abcdef01] Done",
            {"name": "[Explore abcdef01] Bash", "args": {"a": 1}},
            {"name": "Bash", "result": "[Explore abcdef01] Bash: ls\nok"},
        ]
        assert payload["textContent"] == "[Explore abcdef01] Done"
        unknown = _sent(_part("thinking", "Hm"), agent_id="abcdef0123456789")
        assert unknown["textContent"] == "[subagent abcdef01] [thinking] Hm"

    def test_the_first_text_says_what_a_message_is(self) -> None:
        """After whose it is; notes say what they are themselves."""
        parts = (_part("text", " "), _part("text", "Weed"), _part("text", "and rest"))
        payload = _sent(*parts, kind="task", agent_id="aposy-5d80aa9e21c44f7b", agent_type="posy")
        assert [part["content"] for part in payload["parts"]] == [
            "[posy 21c44f7b] [task] Weed",
            "[posy 21c44f7b] and rest",
        ]
        labelled = _sent(
            _part("note", {"label": "from lee", "text": "pots"}), parts[1], kind="task"
        )
        assert [part["content"] for part in labelled["parts"]] == ["[from lee] pots", "Weed"]

    @pytest.mark.parametrize(
        ("part", "content"),
        [
            (_part("tool-call", {"a": 1}, "Bash"), {"name": "Bash", "args": {"a": 1}}),
            (_part("tool-call", None), {"name": "unknown", "args": None}),
            (
                _part("tool-result", {"ok": True, "output": "a\nb"}, "Read"),
                {"name": "Read", "result": "Read\nok\na\nb"},
            ),
            (_part("tool-result", {"ok": False}), {"name": "unknown", "result": "unknown\nfailed"}),
            (
                _part("image", {"media_type": "image/png", "bytes": 9}),
                "[image, image/png, 9 bytes]",
            ),
            (_part("file", "odd"), "[file]"),
            (_part("text", {"lines": 2, "bytes": 9}), "[withheld: 2 lines, 9 bytes]"),
            (_part("text", None), "[withheld]"),
            (_part("note", {"label": "pasted", "text": "a\nb"}), "[pasted]\na\nb"),
        ],
    )
    def test_each_kind_of_part_as_the_viewer_shows_it(self, part: Part, content: JsonValue) -> None:
        """Pictures and files are described by a text."""
        (part_payload,) = _sent(part)["parts"]
        assert part_payload["content"] == content
        assert part_payload["type"] == (
            "text" if part.kind in {"image", "file", "note"} else part.kind
        )

    @pytest.mark.parametrize(
        "parts",
        [
            (),
            ("",),
            (" \n\t",),
            ("\x1b[0m",),
            ("", " "),
            ("\u200b\u200b",),
            ("\u2028\ufeff\u3164",),
        ],
    )
    @pytest.mark.parametrize(
        ("kind", "shown"),
        [
            ("answer", "[no text]"),
            ("command_output", "[no output]"),
            ("notification", "[notification]"),
            ("interrupt", "[interrupted]"),
            ("session", "[session]"),
        ],
    )
    def test_a_message_without_words_is_no_empty_bubble(
        self, parts: tuple[str, ...], kind: str, shown: str
    ) -> None:
        """It says in a word what it is."""
        payload = _sent(*[_part("text", text) for text in parts], kind=kind)
        assert payload["textContent"] == shown
        assert payload["parts"] == [{"type": "text", "content": shown}]

    def test_blank_texts_beside_others_are_left_out(self) -> None:
        """They would be drawn as blank lines."""
        payload = _sent(_part("text", "\n"), _part("tool-call", {}, "Bash"), _part("thinking", " "))
        assert [part["type"] for part in payload["parts"]] == ["tool-call"]

    def test_a_withdrawn_message_says_so_first(self) -> None:
        """Also where nothing else is left of it."""
        payload = _sent(_part("text", ""), facts={"withdrawn": "retracted"})
        assert payload["parts"] == [{"type": "text", "content": "[retracted]"}]


class TestStorable:
    """What the engine cannot store as an object is sent as a text of JSON."""

    @pytest.mark.parametrize(
        "arguments",
        [
            {"$set": 1},
            {"_id": 1},
            {"": 1},
            {"naïve": 1},
            {"a\nb": 1},
            {"x" * 1001: 1},
            {"a": {"b": [{"$c": 1}]}},
            {str(number): 1 for number in range(1001)},
            {"a": list(range(1001))},
            [[[[[[[[[1]]]]]]]]],
            {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": 1}}}}}}}}},
        ],
    )
    def test_it_is_sent_as_text(self, arguments: JsonValue) -> None:
        """Complete, and readable."""
        (part_payload,) = _sent(_part("tool-call", arguments, "Bash"))["parts"]
        assert orjson.loads(part_payload["content"]["args"]) == arguments

    @pytest.mark.parametrize(
        "arguments",
        [{"a": {"b": [1, "x", None, True, 1.5]}}, {"a b-c.d": "é"}, [], {}, "text", 5, None],
    )
    def test_everything_else_is_sent_as_it_is(self, arguments: JsonValue) -> None:
        """The viewer shows its fields."""
        (part_payload,) = _sent(_part("tool-call", arguments, "Bash"))["parts"]
        assert part_payload["content"]["args"] == arguments


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=20,
)
_PARTS = st.lists(
    st.builds(
        _part,
        st.sampled_from(["text", "thinking", "tool-call", "tool-result", "image", "file"]),
        _JSON,
        st.none() | st.text(max_size=10),
    ),
    max_size=5,
)


class TestLimits:
    """The backend accepts every message that is built."""

    @given(parts=_PARTS, agent_id=st.none() | st.text(max_size=12))
    def test_any_message_is_accepted(self, parts: list[Part], agent_id: str | None) -> None:
        """Alone, and in a batch."""
        backend = Backend(clock=lambda: 1_790_000_000.0)
        payload = wire.message_payload(Redacted(_message(*parts, agent_id=agent_id)), 1000).value
        assert backend.post("/sync/message", payload).status == 200
        fresh: dict[str, JsonValue] = {**payload, "externalId": "s1:u2"}
        del fresh["createdAt"]
        said = backend.post("/sync/batch", {"sessions": [], "messages": [fresh]}).json
        assert (said["messages"], said["errors"]) == (1, [])
        sizes = [len(row.parts) for row in backend.all_messages()]
        assert sizes[0] == sizes[1] <= max(1, len(parts))
        assert all(row.text_content or row.parts for row in backend.all_messages())

    @pytest.mark.parametrize("letter", ["x", "\x00", '"', "é", "\U0001f600"])
    @pytest.mark.parametrize("count", [1, 3, 900, 1000, 1001, 9000])
    def test_a_huge_message_is_cut_and_marked(self, letter: str, count: int) -> None:
        """However its letters are escaped, and however many parts it has."""
        text = letter * (3_000_000 // count)
        payload = wire.message_payload(
            Redacted(_message(*[_part("text", text)] * count)), 1000
        ).value
        assert wire.size(payload) <= wire.MAX_MESSAGE_BYTES
        parts = payload["parts"]
        assert isinstance(parts, list)
        assert len(parts) == min(count, wire.MAX_PARTS + 1)
        assert "[cut: " in orjson.dumps(payload).decode()
        backend = Backend()
        # Its search text is full: it is cut nowhere.
        backend.post("/sync/session", {"externalId": "s1", "title": "x" * 10_000})
        assert backend.post("/sync/message", payload).status == 200

    def test_many_small_parts_are_cut_as_well(self) -> None:
        """An array has a limit of its own."""
        payload = _sent(*[_part("text", "x")] * 9000)
        assert payload["parts"][-1]["content"] == "[cut: 8,000 parts]"

    def test_a_cut_call_keeps_its_name(self) -> None:
        """Without it the viewer shows an unknown tool."""
        payload = _sent(
            _part("tool-call", {"content": "x" * 600_000}, "Write"), _part("text", "hi")
        )
        call, text = payload["parts"]
        assert call["content"]["name"] == "Write"
        assert call["content"]["args"].startswith('{"content":"xxx')
        assert text == {"type": "text", "content": "hi"}

    def test_a_message_that_fits_is_not_changed(self) -> None:
        """Up to the limit."""
        text = "x" * (wire.MAX_MESSAGE_BYTES // 2 - 400)
        assert _sent(_part("text", text))["parts"][0]["content"] == text


def test_the_alphabet_of_field_names() -> None:
    """Every printable ASCII character may be in a name, and `$` and `_` may not begin it."""
    for letter in string.printable:
        (part_payload,) = _sent(_part("tool-call", {f"a{letter}": 1}, "x"))["parts"]
        is_text = isinstance(part_payload["content"]["args"], str)
        assert is_text == (letter in "\t\n\r\x0b\x0c")
