"""Load the known secrets of earlier runs again, from the lines that disclosed them.

The values are kept in the redactor's memory alone. The store holds the positions of the lines that
disclosed them, so a new process reads these lines again before it reads anything new.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.model import Line
from ccsync_watch.pipeline.batch_cleaner import BatchCleaner
from ccsync_watch.store import checkpoints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ccsync_watch.pipeline.files import Files
    from ccsync_watch.pipeline.pump_config import PumpConfig
    from ccsync_watch.privacy.known.tracker import TrackingRedactor
    from ccsync_watch.store.database import Database
    from ccsync_watch.transcripts.discovery import Transcript


def load_known_secrets(
    config: PumpConfig, *, database: Database, redactor: TrackingRedactor, files: Files
) -> None:
    """Add every secret that a stored line discloses to a redactor that reads nothing new."""
    cleaner = BatchCleaner(
        config.policy, config.projects, database=database, redactor=redactor, files=files
    )
    loader = KnownSecretLoader(database, files=files, track=cleaner.track)
    loader.load(files.scan(config.roots).transcripts)


class KnownSecretLoader:
    """The disclosures that are still to be read in this run.

    `track` adds the secrets that one line of a transcript discloses to the redactor.
    """

    def __init__(
        self, database: Database, *, files: Files, track: Callable[[Transcript, Line], None]
    ) -> None:
        self._files = files
        self._track = track
        self._due = checkpoints.load_disclosures(database)

    def load(self, transcripts: Iterable[Transcript]) -> None:
        """Read the disclosures of these transcripts, each once.

        A transcript that is missing or unreadable stays due: the next rescan may find it. A stream
        with several files (a copy) is due until all of them were read.
        """
        if not self._due:
            return
        is_loaded: dict[str, bool] = {}
        for transcript in transcripts:
            name = transcript.stream.name
            if name in self._due:
                is_loaded[name] = self._load_from(transcript) and is_loaded.get(name, True)
        for name in [name for name, loaded in is_loaded.items() if loaded]:
            del self._due[name]

    def _load_from(self, transcript: Transcript) -> bool:
        """Track the disclosures of one file; return whether it could be read."""
        try:
            with self._files.open_file(transcript.path) as file:
                for start, end in self._due[transcript.stream.name]:
                    data = file.read_at(start, end - start)
                    self._track(transcript, Line(start, end, data.rstrip(b"\n")))
        except OSError:
            return False
        return True
