"""Sessions that nobody plans for: empty, failing, huge, hostile, free and very expensive ones.

Each is written as transcripts in a Claude folder, and is the same at every run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.lines import START_MS, text
from support.reading_gallery import HOUR_MS, Story

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOSTILE = "<script>alert('x')</script> \"quoted\" & it's\na second line {{ 7 * 7 }} %s \\"
"""What stands in every field that a transcript can name something in."""

CONTROLS = "".join(map(chr, range(1, 32))) + "\x7f\x85\u202e\u2066 end"
"""What a terminal or a browser would obey instead of show."""

LONG_MODEL = "claude-" + "extraordinarily-" * 4 + "long-9-9"
"""A model's name of some 80 characters."""

LONG_FOLDER = "/home/mira/" + "/".join(["a-folder-of-a-customer"] * 10) + "/shop-of-the-north"
"""A project's folder of some 250 characters."""

_OUTPUT_TOKENS = 493_826_800
"""What costs 12,345.67 USD at 25 USD for a million."""


def _answer(story: Story, words: str, *, model: str = "claude-opus-4-5", **usage: int) -> None:
    row = story.writer.answer(text(words), usage_id=f"msg_{story.name}_{model}", **usage)
    row["message"]["model"] = model
    story.transcript.append(row)


def _only_a_summary(story: Story) -> None:
    leaf = "00000000-1111-4222-8333-444444444444"
    story.transcript.append({"type": "summary", "summary": "What was said", "leafUuid": leaf})


def _only_errors(story: Story) -> None:
    story.prompt("Is anybody there?")
    for _ in range(5):
        row = story.writer.answer(
            text("API Error: 529 Overloaded"), usage_id="", input_tokens=0, output_tokens=0
        )
        row |= {"isApiErrorMessage": True, "error": "server_error", "apiErrorStatus": 529}
        row["message"]["model"] = "<synthetic>"
        story.transcript.append(row)


def _only_a_prompt(story: Story) -> None:
    story.prompt("Hello?")


def _huge_prompt(story: Story) -> None:
    story.prompt("Read this log, please.\n" + "GET /orders 200 12 ms\n" * 50_000)
    story.respond(text("It is a log of requests that all went well."))


def _five_seconds(story: Story) -> None:
    story.prompt("2 + 2?")
    story.writer.at_ms = story.start_ms + 5000
    story.respond(text("4"))


def _nine_days(story: Story) -> None:
    for day in range(10):
        story.writer.at_ms = story.start_ms + day * 24 * HOUR_MS
        story.prompt(f"Day {day + 1}: what is next?")
        story.run("Bash", "ok", command="make next")
        story.respond(text("The next one."))


def _long_model(story: Story) -> None:
    story.prompt("Which model are you?")
    _answer(story, "One with a long name.", model=LONG_MODEL, output_tokens=3000)


def _free(story: Story) -> None:
    story.prompt("Does it cost anything?")
    _answer(story, "No.", input_tokens=0, output_tokens=0)


def _expensive(story: Story) -> None:
    story.prompt("Rewrite everything, and spare no expense.")
    _answer(story, "It is all rewritten.", input_tokens=0, output_tokens=_OUTPUT_TOKENS)
    story.prompt("And once more?")
    story.respond(text("No."))


def _hostile(story: Story) -> None:
    story.fact(type="custom-title", customTitle=HOSTILE)
    story.prompt(HOSTILE)
    story.run(HOSTILE, HOSTILE, is_error=True, **{HOSTILE: HOSTILE})
    story.run("Bash", HOSTILE, command=HOSTILE, description=HOSTILE)
    path = f"{story.cwd}/{HOSTILE.replace('/', '')}"
    patch: dict[str, Any] = {"filePath": path, "structuredPatch": [{"lines": ["+a", "-b"]}]}
    story.run("Edit", HOSTILE, detail=patch, file_path=path, old_string="b", new_string="a")
    todo = {"content": HOSTILE, "status": "in_progress", "activeForm": HOSTILE}
    story.run("TodoWrite", "ok", todos=[todo])
    option = {"label": HOSTILE, "description": HOSTILE}
    question = {"question": HOSTILE, "header": HOSTILE, "options": [option, option]}
    story.run("AskUserQuestion", HOSTILE, questions=[question])
    story.run("ExitPlanMode", "User has approved your plan.", plan=f"# {HOSTILE}")
    links = f'Links: [{{"title": "{HOSTILE[:20]}", "url": "javascript:alert(1)"}}]'
    story.run("WebSearch", links, query=HOSTILE)

    def talk(agent: Story) -> None:
        agent.prompt(HOSTILE)
        agent.respond(text(HOSTILE))

    story.delegate("a0f3c1d2e4b5a6971", HOSTILE, HOSTILE, talk)
    row = story.writer.answer(text(HOSTILE), usage_id="msg_hostile_last")
    row["message"]["model"] = HOSTILE
    story.transcript.append({**row, "gitBranch": HOSTILE})


def _long_title(story: Story) -> None:
    story.fact(type="custom-title", customTitle="T" * 2000)
    story.prompt("P" * 3000)
    story.respond(text("It has no space to break at."))


def _long_line(story: Story) -> None:
    story.prompt("q" * 200_000)
    story.run("Bash", "y" * 200_000, command="cat minified.js")
    story.respond(text("z" * 200_000))


def _controls(story: Story) -> None:
    story.fact(type="custom-title", customTitle=f"Controls {CONTROLS}")
    story.prompt(CONTROLS)
    story.run("Bash", CONTROLS, command=f"echo {CONTROLS}", description=CONTROLS)
    story.respond(text(CONTROLS))


def _no_times(story: Story) -> None:
    for number in range(3):
        row = story.writer.answer(text("Timeless."), usage_id=f"msg_{story.name}{number}")
        for timed in (story.writer.prompt(f"When was {number}?"), row):
            del timed["timestamp"]
            story.transcript.append(timed)


def _tasks(story: Story) -> None:
    story.prompt("Keep a list, please.")
    for number, subject in enumerate(("Sow", "Water", HOSTILE), 1):
        answer = f"Task #{number} created successfully: {subject}"
        story.run("TaskCreate", answer, subject=subject, description=HOSTILE)
    for number, status in ((1, "completed"), (2, "in_progress")):
        answer = f"Updated task #{number} status"
        story.run("TaskUpdate", answer, taskId=str(number), status=status)
    story.respond(text("Two are left."))


_STRANGE: dict[str, tuple[str, Callable[[Story], None]]] = {
    "only-summary": ("/home/mira/shop", _only_a_summary),
    "only-errors": ("/home/mira/shop", _only_errors),
    "only-prompt": ("/home/mira/shop", _only_a_prompt),
    "huge-prompt": ("/home/mira/shop", _huge_prompt),
    "five-seconds": ("/home/mira/shop", _five_seconds),
    "nine-days": ("/home/mira/shop", _nine_days),
    "long-model": (LONG_FOLDER, _long_model),
    "free": ("/home/mira/free", _free),
    "expensive": ("/home/mira/big", _expensive),
    "long-title": ("/home/mira/shop", _long_title),
    "long-line": ("/home/mira/shop", _long_line),
    "controls": ("/home/mira/shop", _controls),
    "no-times": ("/home/mira/shop", _no_times),
    "tasks": ("/home/mira/shop", _tasks),
    "hostile": ("/home/mira/" + HOSTILE.replace("/", "").replace("\n", " "), _hostile),
}
"""The folder and the story of each, by the name of the session."""


def write_strange(claude_dir: Path, start_ms: int = START_MS) -> dict[str, str]:
    """Write them all, from this time on; return their ids by their names."""
    sessions = {}
    for number, (name, (folder, tell)) in enumerate(_STRANGE.items()):
        story = Story(claude_dir, name, start_ms + number * HOUR_MS, folder)
        tell(story)
        sessions[name] = story.session_id
    return sessions
