"""Sessions to look at: every kind of call, very long ones, other scripts, wide tables, deep agents.

Each is written as transcripts in a Claude folder, and is the same at every run.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from support.ccsync_program.transcript import Transcript
from support.lines import START_MS, Writer, call, line, text, thinking

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOUR_MS = 3_600_000
LONG_TURNS = 300
DEPTH = 5
WIDE_COLUMNS = 200
PROJECT = "/home/mira/shop"

_CODE = '''The query sorts every row before it takes twenty of them. An index in the order of the
sort lets SQLite stop early:

```python
from __future__ import annotations

def newest(connection: sqlite3.Connection, limit: int = 20) -> list[Order]:
    """Return the newest orders, read by `orders_by_date`."""
    rows = connection.execute("SELECT * FROM orders ORDER BY placed_at DESC LIMIT ?", (limit,))
    return [Order(**row) for row in rows if row["total"] > 0]  # cancelled ones are 0
```

```diff
--- a/shop/orders.py
+++ b/shop/orders.py
@@ -12,7 +12,7 @@ def newest(connection, limit=20):
-    rows = sorted(connection.execute("SELECT * FROM orders"), key=placed_at)[-limit:]
+    rows = connection.execute("SELECT * FROM orders ORDER BY placed_at DESC LIMIT ?", (limit,))
     return [Order(**row) for row in rows]
```

| query | rows read | before | after |
|:--|--:|--:|--:|
| newest orders | 20 | 412 ms | 0.4 ms |
| orders of a customer | 35 | 96 ms | 0.3 ms |

1. The migration adds `orders_by_date`.
2. `EXPLAIN QUERY PLAN` shows `SEARCH orders USING INDEX`.
'''

_SECRET = "sk-ant-api03-Zx9Kq2Lm4Np6Rs8Tv0Wy1Ab3Cd5Ef7Gh9JkL-AA"
_RTL = """القائمة بطيئة لأن الاستعلام يقرأ كل الصفوف.

- أضفت فهرسًا في `orders.py`
- الاختبارات ناجحة

| الاستعلام | قبل | بعد |
|---|---|---|
| الأحدث | 412 ms | 0.4 ms |

הרשימה מהירה עכשיו.

```python
print('سريع')  # تعليق
```
"""
_CJK = """原因は並べ替えでした。索引を追加したので、一覧は速くなりました。

## 測定結果

| 照会 | 前 | 後 |
|---|--:|--:|
| 新しい注文 | 412 ms | 0.4 ms |

订单列表现在很快。테스트도 모두 통과했습니다.

```sql
-- 日付の索引
CREATE INDEX 注文の日付 ON orders (placed_at);
```
"""
_SCRIPTS = {
    "rtl": ("لماذا القائمة بطيئة؟ افحص الملف orders.py من فضلك.", _RTL),
    "cjk": ("注文一覧の表示が遅い理由を調べて、直してください。" * 4, _CJK),
    "emoji": (
        "🐌 why so slow? 👩🏽‍💻🔍",
        f"🎉 Fixed! 🏎️💨\n\n- ✅ index 👍🏿\n- 🧪 tests\n- 🏳️‍🌈 flags 🇯🇵\n\n{'🚀' * 200}",
    ),
}
"""What is asked and answered in other scripts, by the name of the session."""


@dataclass
class Story:
    """A session that is written turn by turn; every response has an id and tokens of its own."""

    claude_dir: Path
    name: str
    start_ms: int = START_MS
    cwd: str = PROJECT
    agent_id: str | None = None
    session_id: str = ""
    _responses: int = 0
    _calls: int = 0
    transcript: Transcript = field(init=False)

    def __post_init__(self) -> None:
        """Open the transcript."""
        self.session_id = self.session_id or str(uuid.uuid5(uuid.NAMESPACE_DNS, self.name))
        project = self.cwd.replace("/", "-")[:200]  # as the client shortens it
        self.transcript = Transcript(self.claude_dir, self.session_id, project)
        writer = Writer(session_id=self.session_id, agent_id=self.agent_id, cwd=self.cwd)
        writer.at_ms = self.start_ms
        self.transcript.writer = writer

    @property
    def writer(self) -> Writer:
        """What makes the rows."""
        return self.transcript.writer

    def _append(self, *rows: dict[str, Any]) -> None:
        if self.agent_id is None:
            self.transcript.append(*rows)
            return
        folder = self.transcript.path.parent / self.session_id / "subagents"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"agent-{self.agent_id}.jsonl").open("ab") as file:
            file.write(b"".join(line(row) for row in rows))

    def prompt(self, words: str) -> None:
        """Have the user type something."""
        self._append(self.writer.prompt(words))

    def fact(self, **row: object) -> None:
        """Add a row that says something of the session as a whole."""
        self._append({**row, "sessionId": self.session_id})

    def respond(self, *blocks: dict[str, Any], tokens: int = 400) -> None:
        """Have Claude respond: one row for each block, as the client writes them."""
        self._responses += 1
        name = f"msg_{self.name}_{self.agent_id or ''}{self._responses}"
        for block in blocks:
            self._append(
                self.writer.answer(
                    block,
                    usage_id=name,
                    output_tokens=tokens,
                    cache_read_input_tokens=20_000 + 300 * self._responses,
                )
            )
            self.writer.at_ms += 1500

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        """Return the block of a call, whose id `answer_to` takes."""
        self._calls += 1
        return call(f"toolu_{self.name}_{self.agent_id or ''}{self._calls}", tool, **arguments)

    def result(
        self,
        block: dict[str, Any],
        content: object = "",
        *,
        is_error: bool = False,
        detail: object = None,
    ) -> None:
        """Add the result of a call."""
        self.writer.at_ms += 2000
        self._append(self.writer.result(block["id"], content, is_error=is_error, detail=detail))

    def run(
        self,
        tool: str,
        content: object = "",
        *,
        is_error: bool = False,
        detail: object = None,
        **arguments: Any,  # noqa: ANN401 - any JSON
    ) -> None:
        """Have Claude call a tool without a word, and the tool answer."""
        block = self.call(tool, **arguments)
        self.respond(block, tokens=80)
        self.result(block, content, is_error=is_error, detail=detail)

    def delegate(
        self, agent_id: str, agent_type: str, description: str, talk: Callable[[Story], None]
    ) -> None:
        """Have Claude start a subagent, whose own conversation `talk` writes, and which reports."""
        block = self.call(
            "Agent",
            subagent_type=agent_type,
            description=description,
            prompt=f"{description}. Report what you find, with the lines.",
        )
        self.respond(text("I hand this over."), block)
        agent = Story(
            self.claude_dir, self.name, self.writer.at_ms, self.cwd, agent_id, self.session_id
        )
        talk(agent)
        sidecar = self.transcript.path.parent / self.session_id / "subagents"
        (sidecar / f"agent-{agent_id}.meta.json").write_bytes(
            orjson.dumps(
                {"agentType": agent_type, "description": description, "toolUseId": block["id"]}
            )
        )
        took = agent.writer.at_ms - self.writer.at_ms
        self.writer.at_ms = agent.writer.at_ms
        self.result(
            block,
            f"{description}: done. **Two** places need a change:\n\n1. `orders.py`\n2. `cart.py`",
            detail={
                "agentId": agent_id,
                "agentType": agent_type,
                "totalDurationMs": took,
                "totalTokens": 21_400,
                "totalToolUseCount": agent._calls,  # its own
            },
        )


def write_showcase(claude_dir: Path) -> str:
    """Write a session with each kind of call, code, secrets and subagents; return its id."""
    story = Story(claude_dir, "showcase", START_MS + 70 * HOUR_MS)
    story.prompt("The order list takes seconds to load. Why, and can you fix it?")
    glob = story.call("Glob", pattern="shop/**/*.py")
    story.respond(
        thinking("I should look at the query first."),
        text("I look at the query and at how the table is indexed."),
        glob,
    )
    story.result(glob, "shop/orders.py\nshop/cart.py", detail={"numFiles": 2})
    read = {
        "file": {
            "filePath": f"{PROJECT}/shop/orders.py",
            "numLines": 80,
            "startLine": 1,
            "totalLines": 80,
        }
    }
    story.run("Read", "…", detail=read, file_path=f"{PROJECT}/shop/orders.py")
    story.run("Grep", "3 files", detail={"numFiles": 3}, pattern="ORDER BY", path=PROJECT)
    plan = "sqlite3 shop.db 'EXPLAIN QUERY PLAN SELECT * FROM orders ORDER BY placed_at DESC'"
    story.run(
        "Bash",
        "QUERY PLAN\n|--\x1b[31mSCAN orders\x1b[0m\n`--\x1b[33mUSE TEMP B-TREE FOR ORDER BY\x1b[0m",
        command=plan,
        description="Show the query plan",
    )
    todos = [
        {"content": "Find the slow query", "status": "completed", "activeForm": "Finding it"},
        {"content": "Add an index", "status": "in_progress", "activeForm": "Adding an index"},
        {"content": "Measure again", "status": "pending", "activeForm": "Measuring"},
    ]
    story.run("TodoWrite", "ok", todos=todos)
    edited = {
        "filePath": f"{PROJECT}/shop/orders.py",
        "structuredPatch": [
            {"oldStart": 1, "oldLines": 3, "newStart": 1, "newLines": 5,
             "lines": ["-one", "-two", " three", "+four", "+five", "+six", "+seven"]}
        ],
    }  # fmt: skip
    story.run(
        "Edit",
        "The file was updated.",
        detail=edited,
        file_path=f"{PROJECT}/shop/orders.py",
        old_string="one\ntwo",
        new_string="four\nfive\nsix\nseven",
    )
    story.run(
        "Bash",
        "FAILED tests/test_orders.py::test_newest - KeyError: 'total'\n1 failed, 12 passed",
        is_error=True,
        detail="Error: Exit code 1",
        command="pytest -q tests/test_orders.py",
    )
    story.run("Bash", "13 passed in 0.41s", command="pytest -q tests/test_orders.py")
    story.respond(text(_CODE), tokens=900)
    story.prompt(f"Is the same mistake elsewhere? Our key is {_SECRET}")

    def review(agent: Story) -> None:
        agent.prompt("Review the other queries.")
        for name in ("cart", "stock", "mail", "users"):
            agent.run("Read", "…", file_path=f"{PROJECT}/shop/{name}.py")
        agent.respond(text("Two places need a change: `orders.py` and `cart.py`."))

    story.delegate("a0f3c1d2e4b5a6970", "reviewer", "Review the other queries", review)
    story.respond(text("The reviewer found **two** more; both are the same fix."))
    story.run(
        "WebSearch",
        'Links: [{"title": "Query planning", "url": "https://sqlite.org/queryplanner.html"}]',
        query="sqlite index order by",
    )
    question = {"question": "Add the index in a migration?", "header": "Migration",
                "options": [{"label": "Yes", "description": "applied at the next start"},
                            {"label": "No", "description": "by hand"}]}  # fmt: skip
    story.run(
        "AskUserQuestion",
        'User has answered your questions: "Add the index in a migration?"="Yes".',
        questions=[question],
    )
    story.run(
        "mcp__linear__create_issue",
        '{"id": "SHOP-214", "state": "Todo"}',
        title="Index orders by date",
        team="SHOP",
    )
    story.run(
        "ExitPlanMode",
        "User has approved your plan.",
        plan="## Plan\n\n1. Add the migration\n2. Measure again",
    )
    story.respond(text("The list now takes 0.4 ms instead of 412 ms."))
    story.fact(
        type="pr-link",
        prNumber=214,
        prUrl="https://github.com/mira/shop/pull/214",
        prRepository="mira/shop",
    )
    return story.session_id


def write_long(claude_dir: Path, turns: int = LONG_TURNS, calls: int = 4) -> str:
    """Write a session of 300 turns and 3,000 messages; return its id."""
    story = Story(claude_dir, "long", START_MS + 20 * HOUR_MS)
    for turn in range(turns):
        story.prompt(f"Step {turn + 1}: move the next handler to the new router.")
        for number in range(calls):
            fails = turn % 17 == 0 and number == 1
            story.run(
                "Bash",
                "No such file" if fails else f"moved handler {turn}.{number}",
                is_error=fails,
                command=f"git mv handlers/h{turn}_{number}.py router/",
            )
        story.respond(text(f"Handler {turn + 1} is moved; its tests pass."))
    return story.session_id


def write_scripts(claude_dir: Path) -> list[str]:
    """Write sessions in Arabic and Hebrew, in Chinese and Japanese, and in emoji."""
    sessions = []
    for number, (name, (asked, answered)) in enumerate(_SCRIPTS.items()):
        story = Story(claude_dir, name, START_MS + (30 + number) * HOUR_MS)
        story.prompt(asked)
        story.run("Bash", answered.split("\n", 1)[0], command=f"echo '{asked}'", description=asked)
        story.respond(text(answered))
        sessions.append(story.session_id)
    return sessions


def write_wide(claude_dir: Path, columns: int = WIDE_COLUMNS) -> str:
    """Write a session with a table of 200 columns, and words and lines without an end."""
    story = Story(claude_dir, "wide", START_MS + 40 * HOUR_MS)
    cells = [f"column {number}" for number in range(columns)]
    table = "\n".join(
        "|" + "|".join(row) + "|"
        for row in (cells, ["--:"] * columns, *([[str(n) for n in range(columns)]] * 3))
    )
    story.prompt("Show the whole table, and the long line.")
    word = "averyveryverylongword" * 30
    story.run("Bash", f"{word}\n" * 3, command=f"echo {word}")
    story.respond(text(f'{table}\n\n{word}\n\n```json\n{{"key": "{word}"}}\n```\n'))
    return story.session_id


def write_deep(claude_dir: Path, depth: int = DEPTH) -> str:
    """Write a session whose subagent started a subagent, and so on; return its id."""
    story = Story(claude_dir, "deep", START_MS + 50 * HOUR_MS)
    story.prompt("Go through the whole repository.")

    def talk(level: int) -> Callable[[Story], None]:
        def tell(agent: Story) -> None:
            agent.prompt(f"Level {level}")
            agent.run("Grep", "1 file", pattern=f"level_{level}")
            if level < depth:
                for branch in range(2 if level == 1 else 1):
                    agent.delegate(
                        f"a{level}{branch}0123456789abcd",
                        "explorer" if level % 2 else "reviewer",
                        f"Look at level {level + 1}, part {branch + 1}",
                        talk(level + 1) if branch == 0 else talk(depth),
                    )
            agent.respond(text(f"Level {level} is understood."))

        return tell

    story.delegate("a00123456789abcdef", "explorer", "Look at level 1", talk(1))
    story.respond(text("All levels are understood."))
    return story.session_id


def write_list(
    claude_dir: Path,
    count: int = 24,
    *,
    start_ms: int = START_MS,
    apart_ms: int = 5 * HOUR_MS // 2,
) -> None:
    """Write small sessions of several projects, so far apart, for the list of sessions."""
    titles = (
        "Add a dark theme",
        "Why does the build fail on Windows?",
        "Rename the settings",
        "Write the release notes",
        "Find the memory leak",
        "Port the tests to pytest",
    )
    for number in range(count):
        cwd = f"/home/mira/{('shop', 'blog', 'infra', 'notes')[number % 4]}"
        story = Story(claude_dir, f"list{number}", start_ms + number * apart_ms, cwd)
        for turn in range(1 + number % 3):
            story.prompt(f"{titles[number % len(titles)]}{f', part {turn + 1}' if turn else ''}")
            for step in range(number % 5):
                fails = step == 3
                story.run(
                    "Bash", "no" if fails else "ok", is_error=fails, command=f"make step{step}"
                )
            if number % 2:
                path = f"{cwd}/file{number}.py"
                patch = {"filePath": path, "structuredPatch": [{"lines": ["+a"] * number + ["-b"]}]}
                story.run(
                    "Edit", "ok", detail=patch, file_path=path, old_string="b", new_string="a"
                )
            story.respond(text("Done."), tokens=500 * (number % 24 + 1))


def write_running(claude_dir: Path, now_ms: int) -> str:
    """Write a session that waits for a command and for a subagent at this time; return its id."""
    story = Story(claude_dir, "running", now_ms - 4 * 60_000)
    story.prompt("Move the exports to a queue, and tell me when the tests pass.")
    story.respond(text("I read how exports are made, and move them one by one."))
    for name in ("exports.py", "queue.py", "worker.py"):
        story.run("Read", "…", file_path=f"{PROJECT}/shop/{name}")
    patch = {
        "filePath": f"{PROJECT}/shop/exports.py",
        "structuredPatch": [{"lines": ["+a"] * 9 + ["-b"] * 4}],
    }
    story.run(
        "Edit", "ok", detail=patch, file_path=patch["filePath"], old_string="b", new_string="a"
    )
    todos = [
        {"content": "Move the exports", "status": "completed", "activeForm": "Moving the exports"},
        {"content": "Run the tests", "status": "in_progress", "activeForm": "Running the tests"},
        {"content": "Write it down", "status": "pending", "activeForm": "Writing it down"},
    ]
    story.run("TodoWrite", "Todos have been modified", todos=todos)
    story.prompt("Also for the invoices, please.")
    waiting = story.call("Bash", command="pytest -q tests", description="Run the tests")
    story.respond(text("Now the tests, while the invoices follow."), waiting)
    return story.session_id


def write_backlog(claude_dir: Path, megabytes: int) -> None:
    """Write transcripts that take a while to be imported, the newest in the last minutes."""
    story = Story(claude_dir, "backlog0")
    words = " ".join(f"word{number * 7919 % 104_729}" for number in range(400))
    for number in range(megabytes):
        story = Story(claude_dir, f"backlog{number}", START_MS + number * HOUR_MS)
        story.prompt(f"Explain part {number + 1} of the design")
        for step in range(250):
            story.respond(text(f"{step} {words}"))


def write_month(claude_dir: Path, now_ms: int) -> dict[str, str]:
    """Write what a person did in the last two months; return the id of the one with a name."""
    apart_ms = 7 * HOUR_MS
    count = 60 * 24 * HOUR_MS // apart_ms
    write_list(claude_dir, count, start_ms=now_ms - count * apart_ms, apart_ms=apart_ms)
    return {"showcase": write_showcase(claude_dir)}


def write_gallery(claude_dir: Path) -> dict[str, str]:
    """Write them all; return the ids of the sessions that have a name."""
    write_list(claude_dir)
    rtl, cjk, emoji = write_scripts(claude_dir)
    return {
        "showcase": write_showcase(claude_dir),
        "long": write_long(claude_dir),
        "rtl": rtl,
        "cjk": cjk,
        "emoji": emoji,
        "wide": write_wide(claude_dir),
        "deep": write_deep(claude_dir),
    }
