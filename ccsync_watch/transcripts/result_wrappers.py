"""The texts that the client writes around a tool's result, in one table; pure.

`unwrap_result` returns what the tool itself said, with a name for each wrapper that was around it.
To add a wrapper, add a row to `RESULT_WRAPPERS`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from ccsync_watch.transcripts.fields import short_name
from ccsync_watch.transcripts.own_frames import unindent
from ccsync_watch.transcripts.tags import edges
from ccsync_watch.transcripts.web_searches import read_search_results

_MAX_NAME_CHARS = 160
_HAND_BACK = "[Subagent hand-back]"
_TRAILERS = re.compile(r".*", re.DOTALL)
_TOO_LARGE = (
    r"\s*(?:Error: )?(?:MCP tool (?:[\"'][^\"'\n]{1,200}[\"'] )?)?(?i:result|response|output) ?"
    r"\((?P<detail>[^)]{1,80})\) exceeds maximum allowed tokens"
)


@dataclass(frozen=True, slots=True)
class ResultWrapper:
    """One text of the client around, before or after a result.

    `pattern` matches the whole text, of which the group `text` stays, or its end if `is_trailer`.
    `name` says what it was, with the pattern's group `detail` in it; an empty one is not worth
    saying. `start` is a text that it certainly holds: most results are searched for that alone.
    `is_of_subagent`: only around what a subagent reported. `is_error`: the model got an error,
    whatever the row says. `is_indented`: each line of what is inside begins with two spaces.
    """

    name: str
    start: str
    pattern: re.Pattern[str]
    is_trailer: bool = False
    is_of_subagent: bool = False
    is_error: bool = False
    is_indented: bool = False


class UnwrappedResult(NamedTuple):
    """A tool's own text, and the names of the wrappers that were around it."""

    text: str
    names: tuple[str, ...] = ()
    is_error: bool = False


RESULT_WRAPPERS = (
    ResultWrapper(
        "reminder of the client left out",
        "<system-reminder>",
        re.compile(r"<system-reminder>.*</system-reminder>\s*", re.DOTALL),
        is_trailer=True,
    ),
    ResultWrapper(
        "",
        "REMINDER: You MUST include the sources above",
        re.compile(r"REMINDER: You MUST include the sources above[^\n]{0,300}\s*"),
        is_trailer=True,
    ),
    ResultWrapper(
        "output too large ({detail}), only its beginning was shown to the model",
        "<persisted-output>",
        re.compile(
            r"\s*<persisted-output>\s*(?:Output too large \((?P<detail>[^)\n]{1,40})\)[^\n]*\n+)?"
            r"(?:(?i:full )?(?i:output) saved to:?[^\n]*\n+)?(?:Preview \([^)\n]*\):[ \t]*\n)?"
            r"(?P<text>.*?)(?:\n\.\.\.)?\s*(?:</persisted-output>\s*)?\Z",
            re.DOTALL,
        ),
    ),
    ResultWrapper(
        "the call itself was wrong",
        "<tool_use_error>",
        re.compile(r"\s*<tool_use_error>(?P<text>.*?)(?:</tool_use_error>\s*)?\Z", re.DOTALL),
        is_error=True,
    ),
    ResultWrapper(
        "result too large ({detail}), saved to a file instead",
        "exceeds maximum allowed tokens",
        re.compile(rf"{_TOO_LARGE}.{{0,400}}?\b[Ss]aved to .*\Z", re.DOTALL),
    ),
    # Older clients saved it nowhere.
    ResultWrapper(
        "result too large ({detail}), not shown to the model",
        "exceeds maximum allowed tokens",
        re.compile(rf"{_TOO_LARGE}.*\Z", re.DOTALL),
    ),
    ResultWrapper(
        "subagent started in the background",
        "Async agent launched",
        re.compile(r"\s*Async agent launched successfully\b.*\Z", re.DOTALL),
    ),
    ResultWrapper(
        "member of the team started ({detail})",
        "Spawned successfully.",
        re.compile(
            r"\s*Spawned successfully\.[^\n]*\nagent_id: [^\n]{1,200}"
            r"(?:\nname: (?P<detail>[^\n]{1,200}))?(?:\n.*)?\Z",
            re.DOTALL,
        ),
    ),
    ResultWrapper(
        "workflow started in the background",
        "Workflow launched in background.",
        re.compile(
            r"\s*Workflow launched in background\.[^\n]*(?:\nSummary: (?P<text>[^\n]*))?"
            r"(?:\n.*)?\Z",
            re.DOTALL,
        ),
    ),
    ResultWrapper(
        "command {detail}, its output goes to a file",
        "Output is being written to: ",
        re.compile(
            r"(?P<text>(?:.*\n)?)[ \t]*Command (?:was )?(?:manually )?"
            r"(?P<detail>running in background|backgrounded by user|moved to the background"
            r"|did not complete within its \d+s timeout and was moved to the background)"
            r"[^\n]*\. Output is being written to: [^\n]*"
            r"(?:\n.*)?\Z",
            re.DOTALL,
        ),
    ),
    ResultWrapper(
        "subagent used {detail}",
        "<tools-used-before-summary>",
        re.compile(
            r"\s*<tools-used-before-summary>(?P<detail>[^<]*)</tools-used-before-summary>"
            r"(?P<text>.*)\Z",
            re.DOTALL,
        ),
    ),
    ResultWrapper(
        "report of a subagent",
        _HAND_BACK,
        # Above it, notes on the report may stand, indented as the report is.
        re.compile(
            r"(?P<notes>(?: {2}[^\n]*\n| ?\n)*)[ \t]*\[Subagent hand-back\][^\n]*"
            r"(?:\n(?P<text>.*))?\Z",
            re.DOTALL,
        ),
        is_indented=True,
    ),
    ResultWrapper(
        "",
        "<usage>",
        re.compile(r"<usage>\s*(?:\w{1,40}: *[\d.,]+\s*)*</usage>\s*"),
        is_trailer=True,
        is_of_subagent=True,
    ),
    ResultWrapper(
        "",
        "agentId: ",
        re.compile(r"agentId: [^\s()]{1,128}(?: \([^\n]*\))?\s*"),
        is_trailer=True,
        is_of_subagent=True,
    ),
)
"""In the order in which they are tried, each once: an outer one before those inside it."""


def unwrap_result(text: str, *, is_of_subagent: bool = False) -> UnwrappedResult:
    """Return a result without the texts of the client around it; without any, the text itself."""
    names: list[str] = []
    text = read_search_results(text) or text
    is_error = has_changed = is_indented = False
    ends = edges(text)
    for wrapper in RESULT_WRAPPERS:
        if wrapper.is_of_subagent and not is_of_subagent:
            continue
        # A trailer can be long itself.
        searched = text if wrapper.is_trailer else ends
        # Its first character alone is found, or not, much faster.
        if wrapper.start[0] not in searched or wrapper.start not in searched:
            continue
        match = _match(wrapper, text)
        if match is None:
            continue
        groups = match.groupdict()
        inner = (groups.get("notes") or "") + (groups.get("text") or "")
        text = text[: match.start()].rstrip() if wrapper.is_trailer else inner
        ends = edges(text)
        has_changed = True
        is_error |= wrapper.is_error
        is_indented |= wrapper.is_indented
        # Every subagent's report has one: it says more than the tool's name.
        is_of_subagent |= wrapper.start == _HAND_BACK
        name = _name(wrapper.name, groups.get("detail"))
        if name:
            names.append(name)
    if is_indented:
        text = unindent(text)
    return UnwrappedResult(text.strip() if has_changed else text, tuple(names), is_error)


def _match(wrapper: ResultWrapper, text: str) -> re.Match[str] | None:
    if not wrapper.is_trailer:
        return wrapper.pattern.match(text)
    # Only the last ones can reach to the end of the text.
    start, end = text.rfind(wrapper.start), len(text)
    while start >= 0 and _begins_line(text, start) and wrapper.pattern.fullmatch(text, start, end):
        end, start = start, text.rfind(wrapper.start, 0, start)
    return _TRAILERS.match(text, end) if end < len(text) else None


def _begins_line(text: str, start: int) -> bool:
    return not text[text.rfind("\n", 0, start) + 1 : start].strip()


def _name(template: str, detail: str | None) -> str:
    known = short_name(detail, _MAX_NAME_CHARS) if detail else ""
    if known:
        return template.replace("{detail}", known)
    return template.replace(" ({detail})", "").replace(" {detail}", " no tools")
