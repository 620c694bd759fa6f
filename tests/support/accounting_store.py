"""Stores with known tokens, costs and activity, for the tests of accounting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.model import Part
from support.storing import OTHER, World, message, usage

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue

DAY_MS = 86_400_000
NOON_MS = 1_790_000_000_000 // DAY_MS * DAY_MS + DAY_MS // 2


def cost_state(
    input_tokens: int, usd: float, output: int = 5, **more: JsonValue
) -> dict[str, JsonValue]:
    """Return the client's own total of a session, all of it one model's."""
    used: dict[str, JsonValue] = {
        "inputTokens": input_tokens,
        "outputTokens": output,
        "costUSD": usd,
    }
    return {"totalCostUSD": usd, "modelUsage": {"claude-opus": used}, **more}


def mark_fork(world: World, source: str, fork: str, *, is_branch: bool = False, at_ms: int) -> None:
    """Mark a stored session as a fork or a branch of another."""
    with world.database.write() as connection:
        connection.execute(
            "UPDATE sessions SET forked_from = ?, is_branch = ?, forked_ms = ? WHERE id = ?",
            (source, is_branch, at_ms, fork),
        )


def fill_two_projects(world: World) -> None:
    """Ingest two projects, two days, three models, tools, a compaction, an error and a retry."""
    call = Part("tool-call", {}, "t1", "Bash")
    failed = Part("tool-result", {"ok": False, "durationMs": 40}, "t1", "Bash")
    edited: dict[str, JsonValue] = {
        "ok": True,
        "durationMs": 2,
        "lines_added": 3,
        "lines_removed": 1,
    }
    done = Part("tool-result", edited, "t2", "Edit")
    ended: dict[str, JsonValue] = {"stop_reason": "end_turn"}
    world.ingest(
        message("u1", at_ms=NOON_MS),
        message("c1", at_ms=NOON_MS, kind="answer", parts=(call,), usage_id="m1"),
        message("r1", at_ms=NOON_MS + 50, kind="tool_result", parts=(failed,),
                facts={"denial": "user-rejected", "permission": "reject"}),
        message("c2", at_ms=NOON_MS + 60, kind="answer",
                parts=(Part("tool-call", {}, "t2", "Edit"),), usage_id="m2"),
        message("r2", at_ms=NOON_MS + 70, kind="tool_result", parts=(done,),
                facts={"permission": "accept"}),
        message("a1", at_ms=NOON_MS + DAY_MS, kind="answer", usage_id="m2", facts=ended),
        message("x1", at_ms=NOON_MS + DAY_MS, kind="compaction", role="system"),
        message("x2", at_ms=NOON_MS + DAY_MS, kind="api_error", role="system"),
        message("x3", at_ms=NOON_MS + DAY_MS, kind="api_error", role="assistant"),
        usages=(
            usage("m1", tokens_in=1_000_000, tokens_out=0, timestamp_ms=NOON_MS),
            usage("m2", tokens_in=2_000_000, tokens_out=0, timestamp_ms=NOON_MS + DAY_MS),
        ),
    )  # fmt: skip
    world.ingest(
        message("u1", session_id=OTHER, at_ms=NOON_MS + DAY_MS),
        session_id=OTHER,
        cwd="/elsewhere",
        usages=(
            usage("m3", session_id=OTHER, tokens_in=10, tokens_out=0, model="odd",
                  timestamp_ms=NOON_MS + DAY_MS),
            usage("m4", session_id=OTHER, tokens_in=5, tokens_out=5, timestamp_ms=None),
        ),
        facts={"cost_state": cost_state(100, 0.75, totalAPIDuration=70)},
    )  # fmt: skip
    world.ingest(message("h1", session_id="hidden"), usages=(usage("m9", session_id="hidden"),),
                 session_id="hidden", excluded=frozenset({"hidden"}))  # fmt: skip
