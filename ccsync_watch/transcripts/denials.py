"""Which calls were denied, by whom, and what the person said about it; pure.

Newer clients write it into the row, older ones only in the fixed sentences of the result.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ccsync_watch.transcripts.fields import identity, mapping, text

BY_USER = "rejected by you"
_DENIED = "denied"
_SOURCES = {
    "user_reject": BY_USER,
    "user_abort": BY_USER,
    "user_temporary": BY_USER,
    "user_permanent": BY_USER,
    "hook": "denied by a hook",
    "classifier": "denied by auto mode",
}
"""By `permissionDecision.source`; for `config` see `_describe_config`."""
_ASKED_OR_NOT = "user-rejected"
_KINDS = {
    _ASKED_OR_NOT: BY_USER,
    "permission-rule": "denied by a rule",
    "automode-blocked": "denied by auto mode",
    "automode-unavailable": "denied: auto mode was not available",
    "automode-parsing-error": "denied: auto mode did not decide",
    "interrupted": "interrupted",
    "cancelled": "cancelled",
}
"""By `toolDenialKind`, which says user-rejected also where nobody could be asked."""
_SENTENCES = (
    (
        r"The user doesn't want to (?:proceed with this tool use|take this action right now)",
        BY_USER,
    ),
    (r"User rejected tool use", BY_USER),
    (r"The agent proposed a plan that was rejected by the user", BY_USER),
    (r"Permission for this tool use was denied\. The tool use was rejected", BY_USER),
    (
        r"Permission to use [^\n]{1,250}? has been denied because [^\n]{1,40} in don't ask mode",
        "denied: dontAsk mode",
    ),
    (r"Permission to (?:use|read|edit|write to) [^\n]{1,300}? has been denied", "denied by a rule"),
    # The whole command, of any length.
    (
        r"Permission to use \w{1,40} with command (?s:.{1,40000}?) has been denied",
        "denied by a rule",
    ),
    (r"Agent type '[^'\n]{1,200}' has been denied by permission rule", "denied by a rule"),
    (r"[^\n]{0,200}denied by the Claude Code auto mode classifier", "denied by auto mode"),
    (r"Permission for this action has been denied\. Reason:", "denied by auto mode"),
    (
        r"Claude requested permissions? [^\n]{1,400}? but you haven't granted it yet",
        "denied: not granted",
    ),
    (r"[A-Za-z][\w:.-]{0,80} operation blocked by hook:", "denied by a hook"),
    (r"(?:Hook )?[A-Za-z]{3,40}:[^\n]{1,100} (?:hook error:|denied this tool)", "denied by a hook"),
    (r"Permission denied by (?:[A-Za-z]{3,40} )?hook\b", "denied by a hook"),
    (r"\[Request interrupted by user for tool use\]\s*\Z", "interrupted"),
    (
        (
            r"(?:Sibling tool call errored|Streaming fallback - tool execution discarded"
            r"|Cancelled: parallel tool call\b)"
        ),
        "cancelled",
    ),
    (r"Cannot [^\n]{1,300} while in plan mode", "denied: plan mode"),
)
_PATTERNS = tuple(
    (re.compile(rf"\s*(?:Error: )?(?:<tool_use_error>)?{sentence}"), label)
    for sentence, label in _SENTENCES
)
# Each sentence has one of them: most errors are none of these.
_WORDS = (
    "denied", "doesn't want", "rejected", "granted", "hook error", "blocked by hook", "plan mode",
    "Permission to use ", "Request interrupted", "Sibling tool call", "Streaming fallback",
    "parallel tool call",
)  # fmt: skip
LABELS = frozenset({*_SOURCES.values(), *_KINDS.values(), *(label for _, label in _SENTENCES)})
"""Who denied a call, in words; there may be others, made of names that are not known here."""
_MAX_SENTENCE_CHARS = 600
# Of a rejected plan only the plan follows.
_SAID = re.compile(
    r"\s*(?:Error: )?(?:The user doesn't want to|Permission for this tool use was denied)"
    r"[^\n]{0,400}?(?:\n{1,2}[^\n]{0,100}?)??\b[Tt]he user said:[ \t]*\n?(.+)",
    re.DOTALL,
)
# What the client adds to the words of the user.
_CLIENT_ADVICE = re.compile(
    r"\s*\n\s*Note: The user's next message may contain a correction.*", re.DOTALL
)
_MODE = re.compile(r"mode:([A-Za-z]{1,40})")


class Denial(NamedTuple):
    """Who denied a call, in words; `said` is what the person wrote about it.

    `is_bare`: the result's text is a sentence of the client's that says no more than that.
    """

    label: str
    said: str | None
    is_bare: bool = False


def read_denial(row: dict[str, Any], content: str, *, is_error: bool) -> Denial | None:
    """Return how the call of a result was denied, None for one that ran.

    `content` is the result's text.
    """
    sentence = _label_by_sentence(content)
    label = _label_of(row, sentence)
    if label is None and is_error:
        label = sentence or _label_by_sentence(text(row.get("toolUseResult")) or "")
    if label is None:
        return None
    if label != BY_USER:
        return Denial(label, None)
    said = _SAID.match(content)
    words = _CLIENT_ADVICE.sub("", said[1]).strip() if said else ""
    return Denial(label, words or None, is_bare=sentence == BY_USER)


def _label_of(row: dict[str, Any], sentence: str | None) -> str | None:
    """Return what the row itself says; `sentence` is what the result's text does."""
    kind = identity(row.get("toolDenialKind"))
    decision = mapping(row.get("permissionDecision"))
    if decision.get("decision") == "reject":
        source = identity(decision.get("source")) or ""
        if source in _SOURCES:
            return _SOURCES[source]
        if source == "config":
            return _describe_config(decision, sentence)
        # The kind does not tell the person from a source that is not known here.
        is_unclear = bool(source) and kind == _ASKED_OR_NOT
        return (sentence or _DENIED) if is_unclear else _KINDS.get(kind or "", _DENIED)
    if kind == _ASKED_OR_NOT:
        return sentence or BY_USER
    if kind is not None:
        return _KINDS.get(kind, f"denied: {kind.replace('-', ' ')}")
    return _DENIED if row.get("toolDenialKind") else None


def _describe_config(decision: dict[str, Any], sentence: str | None) -> str:
    mode = _MODE.fullmatch(text(decision.get("reasonCode")) or "")
    return f"denied: {mode[1]} mode" if mode else sentence or "denied by a rule"


def _label_by_sentence(content: str) -> str | None:
    head = content[:_MAX_SENTENCE_CHARS]
    if not any(word in head for word in _WORDS):
        return None
    return next((label for pattern, label in _PATTERNS if pattern.match(content)), None)
