"""Turns of a conversation: which rows may start one, and which answer ends one; SQL expressions.

A turn is what the model does until it waits for the user again. Continuations, such as after the
feedback of a Stop hook, a refusal or the limit of an answer's length, are part of the same turn.
"""

from __future__ import annotations

STARTERS = ("prompt", "command", "notification", "teammate", "cross_session", "plan")
"""The kinds of messages after which the model works: of the user, of tasks, of other sessions."""

# When a session is resumed after a command, clients add an answer that no model gave.
_IS_FROM_MODEL = "({m}.model IS NOT NULL OR {m}.usage_id IS NOT NULL)"
# With --json-schema the model gives its last answer as a call of this tool.
_LAST_ANSWER_TOOL = "StructuredOutput"
# Some clients wrote rows before the response ended, without a stop reason. Such an answer ended its
# turn if it calls no tool and what follows is the user's.
_IS_LAST_OF_TURN = (
    "iif(json_extract(m.facts, '$.stop_reason') IS NOT NULL,"  # noqa: S608 - constants
    " json_extract(m.facts, '$.stop_reason') <> 'tool_use' OR EXISTS (SELECT 1 FROM parts p"
    f"  WHERE p.message_seq = m.seq AND p.tool_name = '{_LAST_ANSWER_TOOL}'),"
    " NOT EXISTS (SELECT 1 FROM parts p WHERE p.message_seq = m.seq AND p.kind = 'tool-call')"
    " AND coalesce((SELECT n.kind FROM messages n WHERE n.session_id = m.session_id"
    "  AND n.seq > m.seq AND n.agent_id IS NULL AND n.kind <> 'session' ORDER BY n.seq LIMIT 1),"
    f"  'prompt') IN {(*STARTERS, 'compaction', 'summary')})"
)
_IS_CONTINUED = (
    "coalesce((SELECT n.kind = 'answer' FROM messages n WHERE n.session_id = m.session_id"  # noqa: S608 - constants
    f" AND n.seq > m.seq AND n.agent_id IS NULL AND (n.kind IN {STARTERS}"
    f"  OR n.kind = 'answer' AND {_IS_FROM_MODEL.format(m='n')}) ORDER BY n.seq LIMIT 1), 0)"
)
ENDS_TURN = (
    f"(m.kind = 'answer' AND m.agent_id IS NULL AND {_IS_FROM_MODEL.format(m='m')}"
    f" AND {_IS_LAST_OF_TURN} AND NOT {_IS_CONTINUED})"
)
"""Whether a message `m` is the last answer of a turn of the main conversation."""
