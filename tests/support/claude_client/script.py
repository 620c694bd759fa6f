"""Write into a prompt how the scripted Messages API answers it.

A prompt contains its script, so the server stores none: `prompt(text, *replies)` appends the
replies as JSON after `MARKER`. Each reply is one API response; `reply(...)` joins several parts
into one, and a single part is a response by itself::

    prompt(
        "Please list the folder",
        reply(think("ls will do"), say("Looking."), tool("Bash", command="ls")),
        reply(say("Two files."), usage(input=120, output=9)),
    )

This module knows nothing of HTTP; `playback` turns the parts into events.
"""

from __future__ import annotations

import base64
import json
from typing import Any, NamedTuple, TypeAlias

MARKER = "[[script]]"
SEALED_MARKER = "[[script64]]"

Part: TypeAlias = dict[str, Any]
"""One part of a response, as JSON: what to `do`, and with what."""

Text: TypeAlias = "str | Part"
"""A text, or one that `repeat` makes long while the prompt stays small."""


class Reply(NamedTuple):
    """The parts of one API response, in order."""

    parts: tuple[Part, ...]


def prompt(text: str, *replies: Reply | Part) -> str:
    """Return `text` followed by its script, on one line, so that it can be typed."""
    return f"{text} {MARKER} {_encode(replies)}"


def sealed_prompt(text: str, *replies: Reply | Part) -> str:
    """Return the same as `prompt`, with the script in base64.

    The script is then not readable in the user's row: for tests that search for a thought or an
    output where it must not be.
    """
    sealed = base64.urlsafe_b64encode(_encode(replies).encode()).decode()
    return f"{text} {SEALED_MARKER} {sealed}"


def reply(*parts: Part) -> Reply:
    """Join parts into one API response, for instance text and two parallel tools."""
    return Reply(parts)


def say(text: Text) -> Part:
    """Answer with a text block."""
    return {"do": "say", "text": text}


def think(text: Text) -> Part:
    """Answer with a thinking block."""
    return {"do": "think", "text": text}


def tool(name: str, /, **arguments: Any) -> Part:  # noqa: ANN401 - a tool's input is any JSON
    """Call a tool; the client runs it and asks for the next reply with its result."""
    return {"do": "tool", "name": name, "input": arguments}


def subagent(
    description: str, prompt: str, *, background: bool | None = False, name: str = "Agent"
) -> Part:
    """Start a subagent; its prompt may contain a script too.

    Old clients call the tool `Task` and know no `background`: None leaves that out.
    """
    more = {} if background is None else {"run_in_background": background}
    return tool(
        name, description=description, prompt=prompt, subagent_type="general-purpose", **more
    )


def repeat(text: str, times: int) -> Part:
    """Represent `text` repeated `times`, wherever a text is expected, tool inputs included."""
    return {"repeat": text, "times": times}


def usage(
    *,
    input: int = 0,  # noqa: A002 - the API's name
    output: int = 0,
    cache_creation_5m: int = 0,
    cache_creation_1h: int = 0,
    cache_read: int = 0,
    web_searches: int = 0,
    speed: str | None = None,
    inference_geo: str | None = None,
    iterations: list[dict[str, Any]] | None = None,
) -> Part:
    """Report these token counts for the response; without it they are small and constant."""
    return {
        "do": "usage",
        "input": input,
        "output": output,
        "cache_creation_5m": cache_creation_5m,
        "cache_creation_1h": cache_creation_1h,
        "cache_read": cache_read,
        "web_searches": web_searches,
        "speed": speed,
        "inference_geo": inference_geo,
        "iterations": iterations,
    }


def delay(seconds: float) -> Part:
    """Pause the stream between the parts before and after."""
    return {"do": "delay", "seconds": seconds}


def error(status: int, *, times: int | None = None) -> Part:
    """Answer with an HTTP error, the first `times` or always; afterwards the rest is played.

    `reply(error(529, times=1), say("Here."))` fails once and then answers.
    """
    return {"do": "error", "status": status, "times": times}


def cut(*, times: int | None = 1) -> Part:
    """Break the connection halfway through the part before, the first `times` or always.

    What follows is not sent. After `times` attempts the response is complete.
    """
    return {"do": "cut", "times": times}


def stop(reason: str, explanation: str | None = None) -> Part:
    """End the response for an unusual reason: `max_tokens`, or `refusal` with an explanation."""
    return {"do": "stop", "reason": reason, "explanation": explanation}


class Scripted(NamedTuple):
    """A prompt as it was typed, and the replies that are scripted behind it."""

    prompt: str
    replies: list[Reply]


def script_in(text: str) -> Scripted | None:
    """Return the last script in `text`, except scripts inside another script's prompt."""
    scripted = None
    position = 0
    while (decoded := _next_script(text, position)) is not None:
        begin, position, replies = decoded
        scripted = Scripted(text[:begin].rpartition("\n")[2].strip(), replies)
    return scripted


def expand_repeats(value: Any) -> Any:  # noqa: ANN401 - any JSON in, the same out
    """Return `value` with every `repeat` in it replaced by its text."""
    if isinstance(value, dict):
        if value.keys() == {"repeat", "times"}:
            return value["repeat"] * value["times"]
        return {key: expand_repeats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [expand_repeats(item) for item in value]
    return value


def _encode(replies: tuple[Reply | Part, ...]) -> str:
    script = [list(r.parts) if isinstance(r, Reply) else [r] for r in replies]
    return json.dumps(script, ensure_ascii=False, separators=(",", ":"))


def _next_script(text: str, start: int) -> tuple[int, int, list[Reply]] | None:
    """Return the first script at or after `start`, with its marker's position and its end."""
    plain = text.find(MARKER, start)
    sealed = text.find(SEALED_MARKER, start)
    if plain < 0 and sealed < 0:
        return None
    if sealed < 0 or 0 <= plain < sealed:
        marker, begin = plain, plain + len(MARKER) + 1
        script, end = json.JSONDecoder().raw_decode(text, begin)
    else:
        marker, begin = sealed, sealed + len(SEALED_MARKER) + 1
        word = text[begin:].split(maxsplit=1)[0]
        script, end = json.loads(base64.urlsafe_b64decode(word)), begin + len(word)
    return marker, end, [Reply(tuple(parts)) for parts in script]
