"""Transcripts are never executed: markup and scripts in every field that a page shows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.browser import dashboard_program, wait_for_messages
from support.ccsync_program.transcript import Transcript
from support.lines import SESSION, call, text
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.browser import Window
    from support.ccsync_program.program import Program

_SECRET_WORD = "marzipan"
_RUNS = "window.pwned = 1"
HOSTILE = f"""<script>{_RUNS};alert(1)</script> {_SECRET_WORD}
<img src=x onerror="{_RUNS}"> <svg onload={_RUNS}> <iframe srcdoc="<script>{_RUNS}</script>">
</pre></code></details></article></main></script><script>{_RUNS}</script> "><script>{_RUNS}</script>
[a](javascript:{_RUNS}) [b](JaVaScRiPt&colon;{_RUNS}) [c](data:text/html,<script>{_RUNS}</script>)
[d]( javascript:{_RUNS} "on' onmouseover='{_RUNS}") <javascript:{_RUNS}> <https://e.invalid/"onclick=x>
![e](https://e.invalid/pixel.png) ![f](javascript:{_RUNS}) ![" onerror="{_RUNS}](x)

| <b onclick={_RUNS}>g</b> | {{{{ 7 * 7 }}}} {{% raw %}} |
|:--|--:|
| <td onclick="{_RUNS}"> | `<script>{_RUNS}</script>` |

```"><script>{_RUNS}</script>
</code></pre><script>{_RUNS}</script>
```
[h]: javascript:{_RUNS}
[h] \x02<script>{_RUNS}</script>\x03 [REDACTED:x"onclick="1:12345678] \u202e\u0000
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Serve one session with hostile text in every field that may contain any."""
    with dashboard_program(tmp_path_factory.mktemp("scripts")) as program:
        _write_session(program.claude_dir)
        program.start()
        wait_for_messages(program, SESSION, 6)
        yield program


def _write_session(claude_dir: Path) -> None:
    transcript = Transcript(claude_dir)
    writer = transcript.writer
    writer.cwd = f"/home/user/{HOSTILE}"
    call_id = f"toolu_{HOSTILE}"
    rows = [
        writer.prompt(HOSTILE),
        writer.answer(text(HOSTILE), call("t1", HOSTILE, **{HOSTILE: HOSTILE, "command": HOSTILE})),
        writer.result("t1", HOSTILE, is_error=True, detail={HOSTILE: HOSTILE}),
        writer.answer(call(call_id, "Task", description=HOSTILE, subagent_type=HOSTILE)),
        {"type": "summary", "summary": HOSTILE, "leafUuid": "x"},
        {"type": "custom-title", "customTitle": HOSTILE, "sessionId": SESSION},
    ]
    for row in rows:
        row["gitBranch"] = HOSTILE
        if row["type"] == "assistant":
            row["message"]["model"] = HOSTILE
    transcript.append(*rows)
    agent = Transcript(claude_dir, SESSION)
    agent.project = f"-home-user-project/{SESSION}/subagents"
    agent.writer.agent_id = "a123"
    path = agent.path.with_name("agent-a123.jsonl")
    path.parent.mkdir(parents=True)
    agent.append(agent.writer.prompt(HOSTILE), agent.writer.answer(text(HOSTILE)))
    agent.path.rename(path)
    meta = {"agentType": HOSTILE, "description": HOSTILE, "toolUseId": call_id}
    path.with_name("agent-a123.meta.json").write_text(json.dumps(meta))


def test_transcript_is_not_executed(window: Window) -> None:
    """No script runs, no dialog opens, no other host is contacted, the policy stops nothing."""
    paths = [
        "/?range=all", "/sessions", f"/sessions/{SESSION}", f"/sessions/{SESSION}?agent=a123",
        "/sync", f"/search?q={_SECRET_WORD}", "/sessions?project=%22%3E%3Cscript%3Ealert(1)",
        "/privacy", f"/sessions/{SESSION}/sent", f"/sessions/{SESSION}/share?all=1",
        f"/sessions/{SESSION}/share.html?view=1&all=1",
    ]  # fmt: skip
    for path in paths:
        page = window.open(path)
        page.mouse.move(300, 300)
        page.keyboard.press("o")
        assert page.evaluate("window.pwned") is None, path
        assert page.evaluate(_OURS) == [], path
        # Of a title these two show the beginning.
        is_short = "project=" in path or "/sent" in path or "/share?" in path
        if path.startswith(("/sessions", "/search")) and not is_short:
            assert _SECRET_WORD in page.locator("main").inner_text(), path
    assert not window.page.get_by_text("49").count()


_OURS = """() => {
  const wrong = [...document.querySelectorAll("main script, main iframe, main img, main [style]")];
  for (const element of document.querySelectorAll("*"))
    for (const name of element.getAttributeNames())
      if (name.startsWith("on")) wrong.push(element);
  for (const link of document.querySelectorAll("main a"))
    // Those of charts have their address in another form.
    if (!/^(https?|mailto):/.test(new URL(link.href.baseVal ?? link.href, location).href))
      wrong.push(link);
  return wrong.map((element) => element.outerHTML.slice(0, 200));
}"""


def test_live_events_are_not_executed(window: Window, program: Program) -> None:
    """What is appended to an open page is as harmless."""
    transcript = Transcript(program.claude_dir, "33333333-2222-4333-8444-555555555555")
    transcript.turn()
    wait_until(lambda: program.session(transcript.session_id) is not None, "it is read")
    page = window.open(f"/sessions/{transcript.session_id}")
    page.locator("[data-following]").wait_for()
    transcript.append(transcript.writer.answer(text(HOSTILE), usage_id="m2"))
    page.locator(".entry", has_text=_SECRET_WORD).wait_for()
    assert page.evaluate("window.pwned") is None
    assert page.evaluate(_OURS) == []
