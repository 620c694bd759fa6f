"""A large store, filled by SQL through the real schema: what the dashboard is measured on.

Two years, 40 projects, 10,000 files, 6 models, one session of 5,000 messages, half of the sessions
with the client's own totals.
"""

from __future__ import annotations

import json
import random
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

DAY_MS = 86_400_000
LONG = "00000000-0000-4000-8000-000000000000"
LONG_MESSAGES = 5000
PROJECTS = [f"/home/user/work/project-{number:02}" for number in range(40)]
BRANCHES = ["main", *(f"feature/{number}" for number in range(300))]
MODELS = [
    "claude-opus-4-5-20251101", "claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001",
    "claude-opus-4-1-20250805", "claude-sonnet-4-20250514", "claude-3-7-sonnet-20250219",
]  # fmt: skip
TOOLS = ("Bash", "Read", "Edit", "Write", "Grep", "Glob", "Task", "WebFetch")
FILES = [
    f"{PROJECTS[number % len(PROJECTS)]}/src/package_{number % 97}/module_{number}.py"
    for number in range(10_000)
]
_STOP = ('{"stop_reason":"tool_use"}', '{"stop_reason":"end_turn"}')
COMMON = "reader"
RARE = "zyzzyva"


class LargeStoreWriter:
    """Writes sessions one after the other, with about `messages` rows in total."""

    def __init__(self, connection: sqlite3.Connection, sessions: int, messages: int) -> None:
        self._connection = connection
        self._rng = random.Random(7)  # noqa: S311 - repeatable, not secret
        self._sessions = sessions
        self._mean = max(2.0, (messages - LONG_MESSAGES) / max(1, sessions - 1))
        self._seq = self._keys = self._session_key = self._project = 0
        self._models: dict[str, int] = {}
        self._now_ms = time.time_ns() // 1_000_000
        self._rows: dict[str, list[tuple[object, ...]]] = {}
        syllables = [a + b for a in "bdfgklmn" for b in "aeiou"]
        self._vocabulary = [
            "".join(self._rng.choices(syllables, k=self._rng.randint(2, 5))) for _ in range(30_000)
        ]
        self._vocabulary[0] = COMMON
        self._weights = list(_running_sums(1 / (rank + 3) for rank in range(len(self._vocabulary))))

    def _text(self, words: int) -> str:
        return " ".join(self._rng.choices(self._vocabulary, cum_weights=self._weights, k=words))

    def write(self) -> int:
        """Write everything; return how many messages there are."""
        for number in range(self._sessions):
            self._session(number)
            if number % 500 == 0:
                self._flush()
        self._flush()
        return self._seq

    def _session(self, number: int) -> None:
        rng, is_long = self._rng, number == 0
        name = LONG if is_long else f"{rng.getrandbits(128):032x}"
        count = LONG_MESSAGES if is_long else max(2, int(rng.expovariate(1 / self._mean)))
        start_ms = self._now_ms - (DAY_MS if is_long else int(rng.random() * 730 * DAY_MS))
        self._session_key = self._key(name)
        self._project = rng.randrange(len(PROJECTS))
        model, at_ms = rng.choice(MODELS), start_ms
        used = [0, 0, 0, 0]
        for row in range(count):
            at_ms = min(at_ms + rng.randint(500, 15_000), self._now_ms)
            self._message(row, at_ms, model, used, is_rare=is_long and row == count // 2)
        self._add(
            "sessions", name, PROJECTS[self._project], None, rng.choice(BRANCHES), "laptop",
            "2.1.330", "cli", model, None, self._text(9), start_ms, at_ms, 0, 0, None, 0,
            None, None, 5, 1, None, None,
        )  # fmt: skip
        if rng.random() < 0.7:
            self._add("session_facts", name, "generated_title", json.dumps(self._text(5)))
        if rng.random() < 0.5:
            state = _client_total(model, used)
            self._add("cost_states", name, json.dumps(state), 1 << 40)

    def _message(self, row: int, at_ms: int, model: str, used: list[int], *, is_rare: bool) -> None:
        self._seq += 1
        uuid = f"{self._seq:08x}-0000"
        if model not in self._models:
            self._models[model] = self._key(model)
        kind = "prompt" if row % 10 == 0 else ("answer" if row % 2 else "tool_result")
        response = f"msg_{self._seq:010}" if kind == "answer" else None
        response_key = self._key(response) if response else None
        self._add(
            "compact_messages", self._seq, self._session_key, None, None, uuid, None, 1, row * 900,
            "assistant" if response else "user", kind, at_ms, at_ms, self._models[model],
            response_key, 0,
            _STOP[row % 10 == 9] if response else "{}", b"0123456789abcdef",
        )  # fmt: skip
        words = self._text(45) + (f" {RARE}" if is_rare else "")
        tool = TOOLS[self._seq // 2 % len(TOOLS)]
        if response:
            tokens = [self._rng.randint(1, top) for top in (50, 900, 4000, 90_000)]
            used[:] = [a + b for a, b in zip(used, tokens, strict=True)]
            input_tokens, output_tokens, cache_write, cache_read = tokens
            self._add(
                "compact_usage", response_key, self._session_key, None, model, at_ms,
                input_tokens, output_tokens, cache_write, 0, cache_read, 0,
                None, 0, self._seq, 1, 0, 0, None, len(response), f"req_{self._seq}", None, None,
            )  # fmt: skip
            self._part(0, "text", None, None, words)
            arguments = (
                {"command": self._text(8)} if tool == "Bash" else {"file_path": self._text(1)}
            )
            self._part(1, "tool-call", f"toolu_{self._seq}", tool, arguments)
        elif kind == "tool_result":
            tool = TOOLS[(self._seq - 1) // 2 % len(TOOLS)]
            result = {"ok": self._seq % 19 > 0, "output": words, "durationMs": self._seq % 4000}
            if tool in {"Edit", "Write"}:
                # Of the session's project, in which every so many files are.
                number = self._seq * 7919 * len(PROJECTS) + self._project
                result["path"] = FILES[number % len(FILES)]
                result |= {"lines_added": self._seq % 40, "lines_removed": self._seq % 7}
            self._part(0, "tool-result", f"toolu_{self._seq - 1}", tool, result)
        else:
            self._part(0, "text", None, None, words)

    def _part(
        self,
        position: int,
        kind: str,
        call_id: str | None,
        tool: str | None,
        content: Any,  # noqa: ANN401 - JSON
    ) -> None:
        self._add("parts", self._seq, position, kind, call_id, tool, json.dumps(content), None)

    def _key(self, name: str) -> int:
        """Store an id; return its key."""
        self._keys += 1
        self._add("ids", self._keys, name)
        return self._keys

    def _add(self, table: str, *values: object) -> None:
        self._rows.setdefault(table, []).append(values)

    def _flush(self) -> None:
        for table, rows in self._rows.items():
            marks = ",".join("?" * len(rows[0]))
            self._connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - tables of ours
        self._rows.clear()


def _running_sums(values: Iterator[float]) -> Iterator[float]:
    total = 0.0
    for value in values:
        total += value
        yield total


def _client_total(model: str, used: list[int]) -> dict[str, Any]:
    input_tokens, output_tokens, cache_write, cache_read = used
    usd = (input_tokens * 5 + output_tokens * 25 + cache_write * 6.25 + cache_read * 0.5) / 1e6
    total = {
        "inputTokens": input_tokens, "outputTokens": output_tokens,
        "cacheCreationInputTokens": cache_write, "cacheReadInputTokens": cache_read,
        "costUSD": usd,
    }  # fmt: skip
    return {"totalCostUSD": usd, "modelUsage": {model: total}, "totalAPIDuration": 1000}
