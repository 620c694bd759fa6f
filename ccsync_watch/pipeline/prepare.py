"""Prepare a batch for the store: parse its lines, complete it, and clean it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ccsync_watch.model import Batch
from ccsync_watch.privacy.clean import clean
from ccsync_watch.privacy.known.secret_reads import reads
from ccsync_watch.privacy.known.tracker import KnownSecretTracker, TrackingRedactor
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
    from ccsync_watch.transcripts.discovery import Transcript


@dataclass(frozen=True, slots=True)
class PreparedBatch:
    """A batch that may be kept, and what its projects' policies say of its sessions.

    `disclosures` are the lines that told secrets which are known from now on.
    """

    batch: Redacted[Batch]
    excluded: frozenset[str]
    metadata_only: frozenset[str]
    disclosures: frozenset[tuple[int, int]]


class Preparation:
    """The steps between a transcript's bytes and the store."""

    def __init__(
        self,
        policy: Policy,
        projects: Projects,
        *,
        database: Database,
        redactor: TrackingRedactor,
        files: Files,
    ) -> None:
        self._policy = policy
        self._projects = projects
        self._database = database
        self._redactor = redactor
        self._files = files
        self._tracker = KnownSecretTracker(redactor)

    def batch(
        self, found: Transcript, start: int, lines: Sequence[Line], passed: Unreadable | None
    ) -> PreparedBatch:
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
        disclosures = self._tracker.learn(batch, calls)
        made = clean(
            batch,
            policy=self._policy,
            redactor=self._redactor,
            calls=calls,
            metadata_from=metadata_from,
        )
        return PreparedBatch(made, excluded, frozenset(metadata_from), disclosures)

    def learn_again(self, found: Transcript, line: Line) -> None:
        """Learn once more what a line told that was stored before this start."""
        batch = Batch(line.start, line.start)
        parse([line], found.stream, batch)
        self._tracker.learn(batch, self._calls(batch))

    def _judged(self, batch: Batch) -> tuple[frozenset[str], dict[str, int]]:
        """Return the excluded sessions, and from which offset on others are metadata only.

        A session that was metadata only once stays so, whatever folder it goes on in. Judged by
        the folders as they are written: what the redactor makes of a name matches no glob.
        """
        cwds = {observation.cwd for observation in batch.observations if observation.cwd}
        policies = {cwd: self._projects.policy(cwd) for cwd in cwds}
        excluded = set()
        named = {message.session_id for message in batch.messages}
        named.update(fact.session_id for fact in batch.facts)
        named.update(subagent.session_id for subagent in batch.subagents)
        metadata_from = dict.fromkeys(queries.metadata_only_sessions(self._database, named), 0)
        for observation in batch.observations:
            policy = policies.get(observation.cwd or "")
            if policy == "off":
                excluded.add(observation.session_id)
            elif policy == "metadata":
                metadata_from.setdefault(observation.session_id, observation.start)
        return frozenset(excluded), metadata_from

    def _add_subagent(self, found: Transcript, batch: Batch) -> None:
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
