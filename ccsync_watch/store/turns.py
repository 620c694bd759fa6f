"""Turns of a conversation: which rows may start one, and which row ends one; SQL expressions.

A turn is what the model does until it waits for the user again. Continuations, such as after the
feedback of a Stop hook, a refusal or the limit of an answer's length, are part of the same turn.
One that was interrupted or failed has ended too.
"""

from __future__ import annotations

STARTERS = ("prompt", "command", "notification", "teammate", "cross_session", "plan")
"""The kinds of messages after which the model works: of the user, of tasks, of other sessions."""

# With --json-schema the model gives its last answer as a call of this tool.
_LAST_ANSWER_TOOL = "StructuredOutput"


def _is_answer(m: str) -> str:
    """Return whether a message is an answer of the model.

    When a session is resumed after a command, clients add one that no model gave.
    """
    return f"({m}.kind = 'answer' AND ({m}.model_key IS NOT NULL OR {m}.usage_key IS NOT NULL))"


def _is_last_of_turn(m: str) -> str:
    """Return whether nothing that the model itself asked for follows an answer.

    Some clients wrote rows before the response ended, without a stop reason. Such an answer ended
    its turn if it calls no tool and what follows is the user's.
    """
    calls = f"SELECT 1 FROM parts p WHERE p.message_seq = {m}.seq AND p"  # noqa: S608 - a constant
    return (
        f"CASE coalesce(json_extract({m}.facts, '$.stop_reason'), 0)"  # noqa: S608 - constants
        f" WHEN 'tool_use' THEN EXISTS ({calls}.tool_name = '{_LAST_ANSWER_TOOL}')"
        f" WHEN 0 THEN iif(EXISTS ({calls}.kind = 'tool-call'), 0,"
        "  coalesce((SELECT n.kind FROM compact_messages n"
        f"   WHERE n.session_key = {m}.session_key"
        f"   AND n.seq > {m}.seq AND n.agent_id IS NULL AND n.kind <> 'session'"
        f"   ORDER BY n.seq LIMIT 1), 'prompt') IN {(*STARTERS, 'compaction', 'summary')})"
        " ELSE 1 END"
    )


def _is_continued(m: str) -> str:
    """Return whether another answer follows before anything that starts a turn."""
    return (
        "coalesce((SELECT n.kind = 'answer' FROM compact_messages n"  # noqa: S608 - constants
        f" WHERE n.session_key = {m}.session_key AND n.seq > {m}.seq AND n.agent_id IS NULL"
        f" AND (n.kind IN {STARTERS} OR {_is_answer('n')}) ORDER BY n.seq LIMIT 1), 0)"
    )


def _is_last_answer(m: str) -> str:
    return f"({_is_answer(m)} AND {_is_last_of_turn(m)} AND NOT {_is_continued(m)})"


# A request that failed and was tried again is an error of the system. Nothing had come of a prompt
# that was interrupted right away.
_IS_STOP = "({m}.kind = 'interrupt' OR {m}.kind = 'api_error' AND {m}.role = 'assistant')"
_STOPS_TURN = (
    f"({_IS_STOP.format(m='m')} AND coalesce((SELECT CASE WHEN k.kind IN {STARTERS} THEN"  # noqa: S608 - constants
    "   EXISTS (SELECT 1 FROM compact_messages r WHERE r.session_key = m.session_key"
    "    AND r.agent_id IS NULL AND r.seq > k.seq AND r.seq <= m.seq AND r.kind = 'api_error')"
    f"   WHEN k.kind = 'answer' THEN NOT {_is_last_answer('k')} ELSE 0 END"
    "  FROM compact_messages k WHERE k.session_key = m.session_key AND k.seq < m.seq"
    "  AND k.agent_id IS NULL"
    f"  AND (k.kind IN {STARTERS} OR {_IS_STOP.format(m='k')} OR {_is_answer('k')})"
    f"  ORDER BY k.seq DESC LIMIT 1), 0) AND NOT {_is_continued('m')})"
)
# In a column SQLite evaluates both sides of an AND, in a condition only what it has to.
ENDS_TURN = f"iif(m.agent_id IS NULL AND ({_is_last_answer('m')} OR {_STOPS_TURN}), 1, 0)"
"""Whether a message `m` is the last row of a turn of the main conversation."""
