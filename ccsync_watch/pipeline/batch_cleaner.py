"""Turn a transcript's lines into a batch that may be stored: parsed, completed and redacted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ccsync_watch.pipeline.cleaning_reads import CleaningReads
from ccsync_watch.pipeline.garbage_pause import garbage_pause
from ccsync_watch.privacy.clean import clean
from ccsync_watch.privacy.known.call_history import CallHistory
from ccsync_watch.privacy.known.tracker import KnownSecretTracker, TrackingRedactor
from ccsync_watch.store import session_projects
from ccsync_watch.transcripts import discovery
from ccsync_watch.transcripts.call_ids import is_unique
from ccsync_watch.transcripts.parse import parse
from ccsync_watch.transcripts.subagent_meta import read_subagent
from ccsync_watch.transcripts.workflow_run import read_run
from ccsync_watch.transcripts.worktrees import ENTERED_WORKTREE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ccsync_watch.config import ProjectPolicy
    from ccsync_watch.model import Batch, Line, Redacted, Unreadable
    from ccsync_watch.pipeline.files import Files
    from ccsync_watch.privacy.policy.policy import Policy
    from ccsync_watch.privacy.policy.projects import Projects
    from ccsync_watch.store.database import Database
    from ccsync_watch.store.session_projects import Worktree
    from ccsync_watch.transcripts.discovery import Transcript
    from ccsync_watch.transcripts.workflow_run import WorkflowRun


@dataclass(frozen=True, slots=True)
class CleanBatch:
    """A batch that may be stored, and what its projects' policies say about its sessions.

    `lines` are the lines it was made from; `disclosures` are the positions of those among them
    that disclosed known secrets, or say that later ones do. `calls` are the ids of the calls that
    it has or answers, and the keys of those whose ids are not unique.
    """

    lines: Sequence[Line]
    batch: Redacted[Batch]
    excluded: frozenset[str]
    metadata_only: frozenset[str]
    disclosures: frozenset[tuple[int, int]]
    calls: frozenset[str]


class BatchCleaner:
    """Parses lines, adds what other files and the store know of them, and redacts the result.

    `history` and the redactor are all that it remembers from one batch to the next.
    """

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
        self.reads = CleaningReads(database)
        self.history = CallHistory()
        self._redactor = redactor
        self._files = files
        self._tracker = KnownSecretTracker(redactor)

    @garbage_pause()
    def clean(
        self,
        transcript: Transcript,
        start: int,
        lines: Sequence[Line],
        skipped: Unreadable | None = None,
    ) -> CleanBatch:
        """Return the batch of the lines from `start` on, and of the overlong line `skipped`.

        Raises RedactorUnavailable.
        """
        batch = parse(lines, transcript.stream, start)
        if skipped is not None:
            _count_skipped(skipped, batch)
        readings = self.history.read(batch, self.reads.calls, self.reads.name_of)
        # Before anything is left out, and before redaction: the secrets that a line discloses are
        # removed from that line too.
        disclosures = self._tracker.track(batch, readings.calls)
        if transcript.stream.agent_id:
            self._add_subagent(transcript, batch)
        excluded, metadata_from = self._apply_project_policies(batch)
        redacted = clean(
            batch,
            policy=self._policy,
            redactor=self._redactor,
            calls=readings.calls,
            metadata_from=metadata_from,
        )
        return CleanBatch(
            lines,
            redacted,
            excluded,
            frozenset(metadata_from),
            disclosures | readings.lines,
            readings.numbered.union(readings.calls),
        )

    def track(self, transcript: Transcript, line: Line) -> None:
        """Add the secrets that a stored line discloses to the known secrets of this run."""
        batch = parse([line], transcript.stream, line.start)
        readings = self.history.read(batch, self.reads.calls, self.reads.name_of, is_again=True)
        self._tracker.track(batch, readings.calls)

    def _apply_project_policies(self, batch: Batch) -> tuple[frozenset[str], dict[str, int]]:
        """Return the excluded sessions, and the offset from which others are metadata only.

        A session that was metadata only once stays so, in whatever folder it continues. Policies
        match the folders as they were written: a redacted name would match no glob.
        """
        cwds = {observation.cwd for observation in batch.observations if observation.cwd}
        worktrees = self.reads.worktrees() if cwds else []
        policies = {cwd: self._policy_of(cwd, worktrees) for cwd in cwds}
        excluded = set()
        session_ids = {message.session_id for message in batch.messages}
        session_ids.update(fact.session_id for fact in batch.facts)
        session_ids.update(subagent.session_id for subagent in batch.subagents)
        session_ids.update(operation.session_id for operation in batch.queue)
        metadata_from = dict.fromkeys(self.reads.metadata_only(session_ids), 0)
        for observation in batch.observations:
            policy = policies.get(observation.cwd or "")
            if policy == "off":
                excluded.add(observation.session_id)
            elif policy == "metadata":
                metadata_from.setdefault(observation.session_id, observation.start)
        for fact in batch.facts:
            # A worktree belongs to its repository, wherever it is.
            value = fact.value if fact.name == ENTERED_WORKTREE else None
            project = value.get("project") if isinstance(value, dict) else None
            policy = self._policy_of(project, worktrees) if isinstance(project, str) else "full"
            if policy == "off":
                excluded.add(fact.session_id)
            elif policy == "metadata":
                metadata_from.setdefault(fact.session_id, fact.start)
        return frozenset(excluded), metadata_from

    def _policy_of(self, folder: str, worktrees: list[Worktree]) -> ProjectPolicy:
        """Return the policy of a folder, or of the repository that it is a worktree of."""
        worktree = session_projects.find_worktree(folder, worktrees)
        return self._projects.strictest_policy(
            [folder] if worktree is None else [folder, worktree.project]
        )

    def _add_subagent(self, transcript: Transcript, batch: Batch) -> None:
        session_id = next(
            (message.session_id for message in batch.messages), transcript.stream.session_id
        )
        data = self._files.read_sidecar(discovery.sidecar_path(transcript.path))
        subagent = read_subagent(data, transcript.stream, session_id, self._run_of(transcript))
        if subagent is None:
            return
        if subagent.tool_use_id and not is_unique(subagent.tool_use_id):
            # The result of the call says which of the calls with this id it was, or their texts do.
            subagent = replace(subagent, tool_use_id=None)
        batch.subagents.append(subagent)
        if subagent.is_helper:
            # Nobody asked for it: only what it cost is kept.
            batch.messages.clear()
            batch.links.clear()

    def _run_of(self, transcript: Transcript) -> WorkflowRun | None:
        """Return the run of a workflow that a transcript is part of, None for any other."""
        path = discovery.run_path(transcript.path)
        if path is None:
            return None
        return read_run(self._files.read_sidecar(path), discovery.run_id(path))


def _count_skipped(skipped: Unreadable, batch: Batch) -> None:
    batch.end = skipped.end
    batch.lines += 1
    if skipped.reason:
        batch.unreadable.append(skipped)
    else:
        batch.counted["long line of a dropped type"] += 1
