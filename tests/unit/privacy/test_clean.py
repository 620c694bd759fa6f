"""The one way from raw records to records that may be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from ccsync_watch.errors import RedactorUnavailable
from ccsync_watch.model import (
    Batch,
    Fact,
    Message,
    SessionObservation,
    Stream,
    Subagent,
    Unreadable,
)
from ccsync_watch.privacy import Redactor
from ccsync_watch.privacy.clean import clean, clean_text
from ccsync_watch.privacy.policy.policy import Policy, ToolCall
from ccsync_watch.transcripts.parse import parse
from ccsync_watch.transcripts.tail import split
from support.lines import SESSION, Writer, call, text, thinking
from support.pumping import PassingRedactor, joined

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ccsync_watch.model import JsonValue
    from ccsync_watch.privacy.clean import Redacting

KEY = "sk-ant-api03-" + "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA" * 3 + "AA"


class MarkingRedactor:
    """Puts a mark round every text that it sees, keys included."""

    def redact_value(self, obj: JsonValue) -> JsonValue:
        """Return the value with all texts marked."""
        if isinstance(obj, str):
            return f"<{obj}>"
        if isinstance(obj, list):
            return [self.redact_value(item) for item in obj]
        if isinstance(obj, dict):
            return {f"<{key}>": self.redact_value(item) for key, item in obj.items()}
        return obj


class BrokenRedactor:
    """Answers with whatever it was given."""

    def __init__(self, answer: Any) -> None:  # noqa: ANN401 - any JSON, or an exception
        self.answer = answer

    def redact_value(self, obj: JsonValue) -> JsonValue:
        """Return or raise the answer; a callable one is asked."""
        if isinstance(self.answer, Exception):
            raise self.answer
        made: JsonValue = self.answer(obj) if callable(self.answer) else self.answer
        return made


def batch(*rows: dict[str, Any]) -> Batch:
    """Parse rows."""
    return parse(split(joined(*rows), 0), Stream(SESSION, SESSION, None), 0)


def prepared(
    raw: Batch,
    redactor: Redacting | None = None,
    policy: Policy | None = None,
    calls: Mapping[str, ToolCall] | None = None,
) -> Batch:
    """Clean a batch."""
    return clean(
        raw, policy=policy or Policy(), redactor=redactor or PassingRedactor(), calls=calls or {}
    ).value


def only(made: Batch) -> Message:
    """Return a batch's one message."""
    (message,) = made.messages
    return message


def test_every_text_passes_the_redactor() -> None:
    """Contents and names, of messages, observations, facts, subagents and usages."""
    row = Writer().answer(text("said"), call("toolu_1", "Bash", command="ls"), service_tier="std")  # type: ignore[arg-type]  # a text among counts
    raw = batch({**row, "error": "failed"})
    raw.facts.append(Fact(SESSION, "custom_title", "title"))
    raw.subagents.append(
        Subagent("a1", SESSION, "kind", "task", "toolu_9", "a0", 1, "haiku", is_finished=None)
    )
    made = prepared(raw, MarkingRedactor())
    message = only(made)
    assert [part.content for part in message.parts] == ["<said>", {"<command>": "<ls>"}]
    assert [part.tool_name for part in message.parts] == [None, "<Bash>"]
    assert message.model == "<claude-opus-5-5>"
    assert message.facts == {"<stop_reason>": "<end_turn>", "<error>": "<failed>"}
    assert made.observations == [
        SessionObservation(
            SESSION,
            message.timestamp_ms,
            "</home/user/project>",
            "<main>",
            "<2.1.330>",
            "<cli>",
            None,
        )
    ]
    assert [fact.value for fact in made.facts] == ["<title>"]
    assert [
        (subagent.agent_type, subagent.description, subagent.model) for subagent in made.subagents
    ] == [("<kind>", "<task>", "<haiku>")]
    assert [(usage.model, usage.tier) for usage in made.usages] == [("<claude-opus-5-5>", "<std>")]


def test_ids_and_offsets_stay_as_they_are() -> None:
    """They name rows, and hold nothing but letters and digits."""
    raw = batch(Writer().answer(text("said")))
    raw.unreadable.append(Unreadable(1, 2, "not JSON"))
    made = prepared(raw, MarkingRedactor())
    before, after = only(raw), only(made)
    assert (after.id, after.uuid, after.start, after.end) == (
        before.id, before.uuid, before.start, before.end
    )  # fmt: skip
    assert made.unreadable == raw.unreadable
    assert (made.start, made.end, made.lines, made.counted) == (
        raw.start, raw.end, raw.lines, raw.counted
    )  # fmt: skip


def test_an_empty_batch_is_clean() -> None:
    """An offset may move over nothing."""
    assert prepared(Batch(5, 9)) == Batch(5, 9)


def test_what_the_policy_forbids_never_reaches_the_redactor() -> None:
    """Let alone the store; a message of which nothing is left is left out, its tokens are not."""
    writer = Writer()
    raw = batch(
        writer.answer(thinking("secret thought"), usage_id="msg_1"),
        writer.answer(thinking("secret thought"), text("said"), usage_id="msg_2"),
    )
    seen: list[JsonValue] = []

    def note(obj: JsonValue) -> JsonValue:
        seen.append(obj)
        return obj

    made = prepared(raw, BrokenRedactor(note))
    assert [part.content for part in only(made).parts] == ["said"]
    assert len(made.usages) == 2
    assert b"secret thought" not in orjson.dumps(seen)


def test_a_secret_across_the_limit_is_found_before_it_is_cut() -> None:
    """Cut first, it would be half exposed and not recognised."""
    raw = batch(Writer().prompt("my key is " + KEY + " keep it" + "." * 500))
    made = prepared(raw, Redactor(key=b"k" * 32), Policy(max_prompt_chars=30))
    content = str(only(made).parts[0].content)
    assert "sk-ant" not in content
    assert content.startswith("my key is ")


def test_a_result_learns_its_calls_name_and_duration() -> None:
    """The name passes the redactor here too."""
    writer = Writer()
    asked = writer.answer(call("toolu_1", "Bash", command="ls"))
    raw = batch(asked, writer.result("toolu_1", "out"))
    started = raw.messages[0].timestamp_ms
    assert started is not None
    calls = {"toolu_1": ToolCall("Bash", started)}
    result = prepared(raw, calls=calls).messages[1].parts[0]
    assert result.tool_name == "Bash"
    assert result.content == {
        "ok": True, "lines": 1, "bytes": 3, "output": "out", "durationMs": 1000
    }  # fmt: skip
    marked = prepared(raw, MarkingRedactor(), calls=calls).messages[1].parts[0]
    assert marked.tool_name == "<Bash>"


@pytest.mark.parametrize(("asked_ms", "duration"), [(None, None), (1_890_000_000_000, 0)])
def test_a_duration_is_never_made_up(asked_ms: int | None, duration: int | None) -> None:
    """Without the call's time there is none, and none is negative."""
    raw = batch(Writer().result("toolu_1", "out"))
    made = prepared(raw, calls={"toolu_1": ToolCall("Bash", asked_ms)})
    content = only(made).parts[0].content
    assert isinstance(content, dict)
    assert content.get("durationMs") == duration


def test_a_result_of_an_unknown_call_has_no_name() -> None:
    """And tells nothing of its content."""
    made = only(prepared(batch(Writer().result("toolu_1", "out")))).parts[0]
    assert (made.tool_name, made.content) == (None, {"ok": True, "lines": 1, "bytes": 3})


def test_a_failing_redactor_lets_nothing_pass() -> None:
    """And its error does not quote what it failed on."""
    with pytest.raises(RedactorUnavailable) as caught:
        prepared(batch(Writer().prompt("hello")), BrokenRedactor(ValueError("on hello")))
    assert caught.value.message == "the redactor failed (ValueError)"
    assert caught.value.__cause__ is None
    assert "hello" not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "text",
        [],
        [[]] * 5,
        [[]] * 6,
        [["a", "b"], [[None, {}, [None]]], [[None] * 4], [], [], []],
        [["a"], [[None, {}]], [[None] * 4], [], [], []],
        [["a"], [[None, {}, []]], [[None] * 4], [], [], []],
        [["a"], [[None, {}, [None]]], [5], [], [], []],
        [5, [[None, {}, [None]]], [[None] * 4], [], [], []],
    ],
)
def test_a_redactor_that_changes_the_shape_lets_nothing_pass(answer: object) -> None:
    """A text could end up where another one was."""
    with pytest.raises(RedactorUnavailable, match="changed the shape"):
        prepared(batch(Writer().prompt("hello")), BrokenRedactor(answer))


def test_a_name_of_the_world_passes_the_redactor() -> None:
    """A path or a host may hold a secret too."""
    assert clean_text("host", MarkingRedactor()).value == "<host>"
    with pytest.raises(RedactorUnavailable):
        clean_text("host", BrokenRedactor(RuntimeError()))
