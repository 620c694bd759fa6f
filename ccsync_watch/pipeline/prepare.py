"""From lines to a batch that may be kept: parsed, completed from what stands beside it, cleaned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ccsync_watch.model import Batch
from ccsync_watch.privacy.clean import clean
from ccsync_watch.privacy.known.secret_reads import reads
from ccsync_watch.privacy.known.tracker import Lessons, Teachable
from ccsync_watch.privacy.policy.policy import Policy, ToolCall
from ccsync_watch.store import queries
from ccsync_watch.transcripts import discovery
from ccsync_watch.transcripts.parse import parse
from ccsync_watch.transcripts.subagent_meta import subagent_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ccsync_watch.model import Line, Redacted, Unreadable
    from ccsync_watch.pipeline.pump_config import Files
    from ccsync_watch.privacy.policy.projects import Projects
    from ccsync_watch.store.database import Database
    from ccsync_watch.transcripts.discovery import Found


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A batch that may be kept, and what its projects' policies say of its sessions.

    `lessons` are the lines that told secrets which are known from now on.
    """

    batch: Redacted[Batch]
    excluded: frozenset[str]
    metadata_only: frozenset[str]
    lessons: frozenset[tuple[int, int]]


class Cleaning:
    """The steps between a transcript's bytes and the store."""

    def __init__(
        self,
        policy: Policy,
        projects: Projects,
        *,
        database: Database,
        redactor: Teachable,
        files: Files,
    ) -> None:
        self._policy = policy
        self._projects = projects
        self._database = database
        self._redactor = redactor
        self._files = files
        self._lessons = Lessons(redactor)

    def batch(
        self, found: Found, start: int, lines: Sequence[Line], passed: Unreadable | None
    ) -> Cleaned:
        """Return what the lines from `start` on came to, and the long one that was passed.

        Raises RedactorUnavailable.
        """
        batch = Batch(start, start)
        parse(lines, found.stream, batch)
        if passed is not None:
            _count_passed(passed, batch)
        if found.stream.agent_id:
            self._add_subagent(found, batch)
        excluded, metadata_from = self._judged(batch)
        calls = self._calls(batch)
        lessons = self._lessons.learn(batch, calls)
        made = clean(
            batch,
            policy=self._policy,
            redactor=self._redactor,
            calls=calls,
            metadata_from=metadata_from,
        )
        return Cleaned(made, excluded, frozenset(metadata_from), lessons)

    def learn_again(self, found: Found, line: Line) -> None:
        """Learn once more what a line told that was stored before this start."""
        batch = Batch(line.start, line.start)
        parse([line], found.stream, batch)
        self._lessons.learn(batch, self._calls(batch))

    def _judged(self, batch: Batch) -> tuple[frozenset[str], dict[str, int]]:
        """Return the excluded sessions, and from which offset on others are metadata only.

        A session that was metadata only once stays so, whatever folder it goes on in. Judged by
        the folders as they are written: what the redactor makes of a name matches no glob.
        """
        cwds = {each.cwd for each in batch.sightings if each.cwd}
        policies = {cwd: self._projects.policy(cwd) for cwd in cwds}
        excluded = set()
        named = {message.session_id for message in batch.messages}
        named.update(fact.session_id for fact in batch.facts)
        named.update(subagent.session_id for subagent in batch.subagents)
        metadata_from = dict.fromkeys(queries.metadata_only_sessions(self._database, named), 0)
        for each in batch.sightings:
            policy = policies.get(each.cwd or "")
            if policy == "off":
                excluded.add(each.session_id)
            elif policy == "metadata":
                metadata_from.setdefault(each.session_id, each.start)
        return frozenset(excluded), metadata_from

    def _add_subagent(self, found: Found, batch: Batch) -> None:
        session_id = next((m.session_id for m in batch.messages), found.stream.session_id)
        data = self._files.read_sidecar(discovery.sidecar_of(found.path))
        made = subagent_of(data, found.stream, session_id)
        if made is not None:
            batch.subagents.append(made)

    def _calls(self, batch: Batch) -> dict[str, ToolCall]:
        """Return the calls that the batch's results answer, from itself or from the store."""
        calls = {
            part.tool_use_id: ToolCall(
                part.tool_name or "unknown",
                message.timestamp_ms,
                reads(part.tool_name or "unknown", part.content),
            )
            for message in batch.messages
            for part in message.parts
            if part.kind == "tool-call" and part.tool_use_id
        }
        missing = {
            part.tool_use_id
            for message in batch.messages
            for part in message.parts
            if part.kind == "tool-result" and part.tool_use_id and part.tool_use_id not in calls
        }
        for used, stored in queries.tool_calls(self._database, missing).items():
            calls[used] = ToolCall(
                stored.name, stored.timestamp_ms, reads(stored.name, stored.arguments)
            )
        return calls


def _count_passed(passed: Unreadable, batch: Batch) -> None:
    batch.end = passed.end
    batch.lines += 1
    if passed.reason:
        batch.unreadable.append(passed)
    else:
        batch.counted["long line of a dropped type"] += 1
