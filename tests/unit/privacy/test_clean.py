"""Records pass policy, redactor and limits, or nothing passes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from ccsync_watch.errors import RedactorUnavailable
from ccsync_watch.model import Batch, Fact, Message, SessionObservation, Subagent, Unreadable
from ccsync_watch.privacy.clean import clean, clean_text
from ccsync_watch.privacy.policy.policy import Policy, ToolCall
from ccsync_watch.stream import Stream
from ccsync_watch.transcripts.parse import parse
from ccsync_watch.transcripts.tail import split
from support.lines import SESSION, Writer, call, text, thinking
from support.pumping import PassingRedactor, joined
from support.redaction_corpus.shared import build_redactor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ccsync_watch.model import JsonValue
    from ccsync_watch.privacy.clean import Redacting

KEY = "sk-ant-api03-" + "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA" * 3 + "AA"


class MarkingRedactor:
    """Puts brackets around every text that it gets, keys included."""

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
    """Returns whatever it was created with."""

    def __init__(self, answer: Any) -> None:  # noqa: ANN401 - any JSON, or an exception
        self.answer = answer

    def redact_value(self, obj: JsonValue) -> JsonValue:
        """Return or raise the answer; call it if it is callable."""
        if isinstance(self.answer, Exception):
            raise self.answer
        answer: JsonValue = self.answer(obj) if callable(self.answer) else self.answer
        return answer


def parse_rows(*rows: dict[str, Any]) -> Batch:
    """Parse rows."""
    return parse(split(joined(*rows), 0), Stream(SESSION, SESSION, None), 0)


def clean_batch(
    raw: Batch,
    redactor: Redacting | None = None,
    policy: Policy | None = None,
    calls: Mapping[str, ToolCall] | None = None,
) -> Batch:
    """Clean a batch."""
    return clean(
        raw, policy=policy or Policy(), redactor=redactor or PassingRedactor(), calls=calls or {}
    ).value


def only_message(batch: Batch) -> Message:
    """Return a batch's one message."""
    (message,) = batch.messages
    return message


def test_every_text_passes_the_redactor() -> None:
    """Contents and names, of messages, observations, facts, subagents and usages."""
    row = Writer().answer(text("said"), call("toolu_1", "Bash", command="ls"), service_tier="std")  # type: ignore[arg-type]  # a text among counts
    raw = parse_rows({**row, "error": "failed"})
    raw.facts.append(Fact(SESSION, "custom_title", "title"))
    raw.subagents.append(
        Subagent("a1", SESSION, "kind", "task", "toolu_9", "a0", 1, "haiku", is_finished=None)
    )
    cleaned = clean_batch(raw, MarkingRedactor())
    message = only_message(cleaned)
    assert [part.content for part in message.parts] == ["<said>", {"<command>": "<ls>"}]
    assert [part.tool_name for part in message.parts] == [None, "<Bash>"]
    assert message.model == "<claude-opus-5-5>"
    assert message.facts == {"<stop_reason>": "<end_turn>", "<error>": "<failed>"}
    assert cleaned.observations == [
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
    assert [fact.value for fact in cleaned.facts] == ["<title>"]
    assert [
        (subagent.agent_type, subagent.description, subagent.model)
        for subagent in cleaned.subagents
    ] == [("<kind>", "<task>", "<haiku>")]
    assert [(usage.model, usage.tier) for usage in cleaned.usages] == [
        ("<claude-opus-5-5>", "<std>")
    ]


def test_ids_and_offsets_stay_as_they_are() -> None:
    """They name rows, and hold nothing but letters and digits."""
    raw = parse_rows(Writer().answer(text("said")))
    raw.unreadable.append(Unreadable(1, 2, "not JSON"))
    cleaned = clean_batch(raw, MarkingRedactor())
    before, after = only_message(raw), only_message(cleaned)
    assert (after.id, after.uuid, after.start, after.end) == (
        before.id, before.uuid, before.start, before.end
    )  # fmt: skip
    assert cleaned.unreadable == raw.unreadable
    assert (cleaned.start, cleaned.end, cleaned.lines, cleaned.counted) == (
        raw.start, raw.end, raw.lines, raw.counted
    )  # fmt: skip


def test_an_empty_batch_is_clean() -> None:
    """An offset may move over nothing."""
    assert clean_batch(Batch(5, 9)) == Batch(5, 9)


def test_what_the_policy_forbids_never_reaches_the_redactor() -> None:
    """Let alone the store; a message of which nothing is left is left out, its tokens are not."""
    writer = Writer()
    raw = parse_rows(
        writer.answer(thinking("secret thought"), usage_id="msg_1"),
        writer.answer(thinking("secret thought"), text("said"), usage_id="msg_2"),
    )
    texts: list[JsonValue] = []

    def collect(obj: JsonValue) -> JsonValue:
        texts.append(obj)
        return obj

    cleaned = clean_batch(raw, BrokenRedactor(collect))
    assert [part.content for part in only_message(cleaned).parts] == ["said"]
    assert len(cleaned.usages) == 2
    assert b"secret thought" not in orjson.dumps(texts)


def test_a_secret_across_the_limit_is_removed_before_the_text_is_cut() -> None:
    """If it were cut first, half of it would be exposed and not recognised."""
    raw = parse_rows(Writer().prompt("my key is " + KEY + " keep it" + "." * 500))
    cleaned = clean_batch(raw, build_redactor(), Policy(max_prompt_chars=30))
    content = str(only_message(cleaned).parts[0].content)
    assert "sk-ant" not in content
    assert content.startswith("my key is ")


def test_a_result_has_the_name_and_duration_of_its_call() -> None:
    """The name passes the redactor here too."""
    writer = Writer()
    asked = writer.answer(call("toolu_1", "Bash", command="ls"))
    raw = parse_rows(asked, writer.result("toolu_1", "out"))
    started = raw.messages[0].timestamp_ms
    assert started is not None
    calls = {"toolu_1": ToolCall("Bash", started)}
    result = clean_batch(raw, calls=calls).messages[1].parts[0]
    assert result.tool_name == "Bash"
    assert result.content == {
        "ok": True, "lines": 1, "bytes": 3, "output": "out", "durationMs": 1000
    }  # fmt: skip
    marked = clean_batch(raw, MarkingRedactor(), calls=calls).messages[1].parts[0]
    assert marked.tool_name == "<Bash>"


@pytest.mark.parametrize(("asked_ms", "duration"), [(None, None), (1_890_000_000_000, 0)])
def test_a_duration_is_known_or_absent(asked_ms: int | None, duration: int | None) -> None:
    """Without the time of the call a result has none, and it is never negative."""
    raw = parse_rows(Writer().result("toolu_1", "out"))
    cleaned = clean_batch(raw, calls={"toolu_1": ToolCall("Bash", asked_ms)})
    content = only_message(cleaned).parts[0].content
    assert isinstance(content, dict)
    assert content.get("durationMs") == duration


@pytest.mark.parametrize(
    ("name", "decision"),
    [
        ("AskUserQuestion", {}),
        ("ExitPlanMode", {}),
        ("Edit", {"permissionDecision": {"decision": "accept", "source": "user_temporary"}}),
        ("Edit", {"toolDenialKind": "user-rejected"}),
    ],
)
def test_waiting_for_the_person_is_not_the_tools_time(name: str, decision: dict[str, Any]) -> None:
    """Until the answer nothing ran."""
    raw = parse_rows({**Writer().result("toolu_1", "out"), **decision})
    calls = {"toolu_1": ToolCall(name, raw.messages[0].timestamp_ms)}
    content = only_message(clean_batch(raw, calls=calls)).parts[0].content
    assert isinstance(content, dict)
    assert "durationMs" not in content


def test_a_rule_does_not_take_the_time_of_a_tool() -> None:
    """Nobody was asked."""
    decision = {"permissionDecision": {"decision": "accept", "source": "config"}}
    raw = parse_rows({**Writer().result("toolu_1", "out"), **decision})
    calls = {"toolu_1": ToolCall("Edit", raw.messages[0].timestamp_ms)}
    content = only_message(clean_batch(raw, calls=calls)).parts[0].content
    assert isinstance(content, dict)
    assert content["durationMs"] == 0


def _metadata_of(raw: Batch, start: int = 0) -> Batch:
    metadata_from = {SESSION: start}
    redactor = PassingRedactor()
    return clean(
        raw, policy=Policy(), redactor=redactor, calls={}, metadata_from=metadata_from
    ).value


def test_of_a_denial_metadata_say_that_it_was_one() -> None:
    """Otherwise it would count as a failure."""
    row = Writer().result("toolu_1", "no, the user said:\nstop", is_error=True)
    raw = parse_rows({**row, "toolDenialKind": "user-rejected"})
    cleaned = _metadata_of(raw)
    content = only_message(cleaned).parts[0].content
    assert content == {"ok": False, "lines": 2, "bytes": 23, "denied": "rejected by you"}


def test_a_queued_prompt_is_cleaned_as_any_other() -> None:
    """Its secrets go, and what is too long; of a metadata-only session its words, from anywhere."""
    row = {
        "type": "queue-operation",
        "operation": "enqueue",
        "sessionId": SESSION,
        "content": "my key is " + KEY + " and it is long",
    }
    raw = parse_rows(row)
    policy = Policy(max_prompt_chars=30)
    (operation,) = clean_batch(raw, build_redactor(), policy).queue
    ((part,),) = [prompt.parts for prompt in operation.prompts]
    assert str(part.content).startswith("my key is ")
    assert KEY not in str(part.content)
    assert "long" not in str(part.content)
    (operation,) = _metadata_of(raw, 5000).queue
    ((part,),) = [prompt.parts for prompt in operation.prompts]
    assert part.content == {"lines": 1, "bytes": len(row["content"])}


def test_a_result_of_an_unknown_call_has_no_name() -> None:
    """And nothing of its content is kept."""
    cleaned = only_message(clean_batch(parse_rows(Writer().result("toolu_1", "out")))).parts[0]
    assert (cleaned.tool_name, cleaned.content) == (None, {"ok": True, "lines": 1, "bytes": 3})


def test_a_failing_redactor_lets_nothing_pass() -> None:
    """And its error does not quote what it failed on."""
    with pytest.raises(RedactorUnavailable) as caught:
        clean_batch(parse_rows(Writer().prompt("hello")), BrokenRedactor(ValueError("on hello")))
    assert caught.value.message == "the redactor failed (ValueError)"
    assert caught.value.__cause__ is None
    assert "hello" not in str(caught.value)


SHAPE: list[Any] = [[None, {}], [None, "hello"], ["/home", "main", "2.1.330", "cli", None, None]]
"""What the redactor is given for one prompt: its names, its part, the session observation."""


def test_the_redactor_gets_the_texts_of_each_record_apart() -> None:
    """So that no text is read as the value of the one before it."""
    shapes: list[Any] = []

    def collect(obj: JsonValue) -> JsonValue:
        shapes.append(obj)
        return obj

    clean_batch(parse_rows(Writer().prompt("hello")), BrokenRedactor(collect))
    assert [[[type(text) for text in texts] for texts in shape] for shape in shapes] == [
        [[type(text) for text in texts] for texts in SHAPE]
    ]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "text",
        [],
        SHAPE[:2],
        [*SHAPE, []],
        [[]] * 3,
        [SHAPE[0], ["hello"], SHAPE[2]],
        [SHAPE[0], [None, "hello", "again"], SHAPE[2]],
        [SHAPE[0], "no", SHAPE[2]],
        [SHAPE[0], (None, "hello"), SHAPE[2]],
        [SHAPE[0], [None, None], SHAPE[2]],
        [SHAPE[0], [None, {"hello": 1}], SHAPE[2]],
        [SHAPE[0], ["Bash", "hello"], SHAPE[2]],
        [[None, []], *SHAPE[1:]],
        [5, *SHAPE[1:]],
        [*SHAPE[:2], [None] * 4],
        [*SHAPE[:2], 5],
    ],
)
def test_a_redactor_that_changes_the_shape_lets_nothing_pass(answer: object) -> None:
    """A text could end up where another one was."""
    with pytest.raises(RedactorUnavailable, match="changed the shape"):
        clean_batch(parse_rows(Writer().prompt("hello")), BrokenRedactor(answer))


def test_a_path_or_host_passes_the_redactor() -> None:
    """Names may contain a secret too."""
    assert clean_text("host", MarkingRedactor()).value == "<host>"
    with pytest.raises(RedactorUnavailable):
        clean_text("host", BrokenRedactor(RuntimeError()))


@pytest.mark.parametrize(
    "output",
    [f"\x1b[32m{KEY}\x1b[0mlater", f"{KEY[:40]}\x1b[1m\x1b[K{KEY[40:]}\x1b[m", f"\x07{KEY}\u202e"],
    ids=["edge", "inside", "controls"],
)
def test_no_control_character_passes_and_none_hides_a_secret(output: str) -> None:
    """A colour may be the edge of a secret, or split it."""
    writer = Writer()
    rows = [
        writer.answer(call("t1", "Bash", command="ls")),
        writer.result("t1", output),
        writer.prompt(output),
    ]
    calls = {"t1": ToolCall("Bash", None)}
    cleaned = clean_batch(parse_rows(*rows), build_redactor(), calls=calls)
    kept = orjson.dumps([part.content for message in cleaned.messages for part in message.parts])
    assert b"\\u00" not in kept
    assert "\u202e".encode() not in kept
    assert b"aB3dE5" not in kept
    assert b"REDACTED" in kept
