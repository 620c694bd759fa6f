"""Events become wakeups, and the roots are watched as they come and go."""

from __future__ import annotations

import errno
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
)
from watchdog.observers.polling import PollingObserver

from ccsync_watch.transcripts.observer import Observer, Wakeups

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers.api import ObservedWatch

SECONDS = 10.0


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a `projects` folder, real of name."""
    made = tmp_path.resolve() / "projects"
    made.mkdir()
    return made


@pytest.fixture
def watch() -> Iterator[Callable[..., tuple[Observer, Wakeups]]]:
    """Return a maker of observers, which are stopped at the end."""
    made: list[Observer] = []

    def start(*roots: Path, **more: Any) -> tuple[Observer, Wakeups]:  # noqa: ANN401 - passed on
        wakeups = Wakeups()
        observer = Observer([str(root) for root in roots], wakeups, **more)
        made.append(observer)
        return observer, wakeups

    yield start
    for each in made:
        each.stop()


def gather(wakeups: Wakeups, wanted: Callable[[set[str], bool], bool]) -> set[str]:
    """Take wakeups until they are what is wanted."""
    paths: set[str] = set()
    everything = False
    while not wanted(paths, everything):
        assert wakeups.event.wait(SECONDS), f"no wakeup; so far {paths}, {everything}"
        more, all_of_it = wakeups.take()
        paths |= more
        everything |= all_of_it
    return paths


class TestWakeups:
    """The hand-over between threads."""

    def test_what_was_taken_is_forgotten(self) -> None:
        """A path is handed over once, however often it was added."""
        wakeups = Wakeups()
        wakeups.add("a")
        wakeups.add("a")
        wakeups.add("b")
        assert wakeups.event.is_set()
        assert wakeups.take() == ({"a", "b"}, False)
        assert not wakeups.event.is_set()
        assert wakeups.take() == (set(), False)

    def test_everything_is_remembered_beside_paths(self) -> None:
        """A new folder asks for a sweep, and takes nothing from what is known."""
        wakeups = Wakeups()
        wakeups.add("a")
        wakeups.add_everything()
        assert wakeups.event.is_set()
        assert wakeups.take() == ({"a"}, True)
        assert wakeups.take() == (set(), False)


class TestSpool:
    """The hooks' folder is watched like the others, and told apart."""

    def test_a_signal_merely_wakes(
        self, watch: Callable[..., tuple[Observer, Wakeups]], tmp_path: Path
    ) -> None:
        """Whatever it is called: it is no transcript, and a folder in there is no news."""
        spool = tmp_path / "signals"
        spool.mkdir()
        observer, wakeups = watch(spool=str(spool))
        assert observer.ensure()
        wakeups.take()
        (spool / "folder").mkdir()
        (spool / "x.jsonl").write_text("x")
        assert wakeups.event.wait(SECONDS)
        assert wakeups.take() == (set(), False)
        assert observer.is_complete


class TestEvents:
    """What of an event concerns us."""

    @pytest.mark.parametrize(
        ("event", "paths", "everything"),
        [
            (FileModifiedEvent("/p/one.jsonl"), {"/p/one.jsonl"}, False),
            (FileCreatedEvent(b"/p/one.jsonl"), {"/p/one.jsonl"}, False),
            (
                FileMovedEvent("/p/one.jsonl", "/q/one.jsonl"),
                {"/p/one.jsonl", "/q/one.jsonl"},
                False,
            ),
            (FileMovedEvent("/p/x.meta.json.tmp.1", "/p/x.meta.json"), {"/p/x.jsonl"}, False),
            (FileModifiedEvent("/p/notes.txt"), set(), False),
            (FileModifiedEvent("/p/journal.jsonl"), set(), False),
            (DirCreatedEvent("/p/q"), set(), True),
        ],
    )
    def test_an_event_names_transcripts_or_asks_for_a_sweep(
        self,
        tmp_path: Path,
        event: FileSystemEvent,
        paths: set[str],
        everything: bool,  # noqa: FBT001 - a parameter
    ) -> None:
        """A folder's content was not announced; other files are none of ours."""
        wakeups = Wakeups()
        Observer([str(tmp_path)], wakeups)._handler.on_any_event(event)
        assert wakeups.take() == (paths, everything)


class TestWatching:
    """The real system's events."""

    def test_an_append_is_announced(
        self, root: Path, watch: Callable[..., tuple[Observer, Wakeups]]
    ) -> None:
        """Also to a file in a folder that was there before."""
        path = root / "p" / "one.jsonl"
        path.parent.mkdir()
        path.touch()
        observer, wakeups = watch(root)
        assert observer.ensure()
        assert observer.is_complete
        path.write_bytes(b"{}\n")
        gather(wakeups, lambda paths, _: str(path) in paths)
        assert not observer.ensure()

    def test_a_new_folder_asks_for_a_sweep(
        self, root: Path, watch: Callable[..., tuple[Observer, Wakeups]]
    ) -> None:
        """What is written into it before its watch stands would be missed."""
        observer, wakeups = watch(root)
        observer.ensure()
        (root / "p" / "q").mkdir(parents=True)
        gather(wakeups, lambda _, everything: everything)

    def test_a_folder_moved_in_is_watched(
        self, root: Path, tmp_path: Path, watch: Callable[..., tuple[Observer, Wakeups]]
    ) -> None:
        """It is swept as it comes, and an append to what lies in it is announced."""
        path = tmp_path / "aside" / "one.jsonl"
        path.parent.mkdir()
        path.write_bytes(b"{}\n")
        observer, wakeups = watch(root)
        observer.ensure()
        path.parent.rename(root / "moved")
        gather(wakeups, lambda _, everything: everything)
        with (root / "moved" / "one.jsonl").open("ab") as file:
            file.write(b"{}\n")
        gather(wakeups, lambda paths, _: str(root / "moved" / "one.jsonl") in paths)

    def test_a_root_that_appears_is_taken_up(
        self, root: Path, watch: Callable[..., tuple[Observer, Wakeups]]
    ) -> None:
        """Claude Code makes the folder at its first session."""
        late = root.with_name("late")
        observer, wakeups = watch(root, late)
        observer.ensure()
        assert not observer.is_complete
        assert observer.problem is None
        late.mkdir()
        assert observer.ensure()
        assert observer.is_complete
        (late / "one.jsonl").touch()
        gather(wakeups, lambda paths, _: str(late / "one.jsonl") in paths)

    def test_a_root_that_goes_is_given_up(
        self, root: Path, watch: Callable[..., tuple[Observer, Wakeups]]
    ) -> None:
        """And is taken up again when it comes back."""
        observer, _wakeups = watch(root)
        observer.ensure()
        root.rmdir()
        assert observer.ensure()
        assert not observer.is_complete

    def test_a_root_deleted_and_made_anew_is_watched_again(
        self, root: Path, watch: Callable[..., tuple[Observer, Wakeups]]
    ) -> None:
        """Between two looks, and with the same inode, as most file systems give it."""
        observer, wakeups = watch(root)
        observer.ensure()
        shutil.rmtree(root)
        root.mkdir()
        gather(wakeups, lambda _, everything: everything)
        observer.ensure()
        (root / "one.jsonl").touch()
        gather(wakeups, lambda paths, _: str(root / "one.jsonl") in paths)

    def test_a_rebuilt_observer_watches_again(
        self, root: Path, watch: Callable[..., tuple[Observer, Wakeups]]
    ) -> None:
        """Also one that was stopped, which may be said twice."""
        observer, wakeups = watch(root)
        observer.ensure()
        observer.stop()
        observer.stop()
        assert not observer.is_complete
        observer.rebuild()
        (root / "one.jsonl").touch()
        gather(wakeups, lambda paths, _: str(root / "one.jsonl") in paths)


class FailingObserver(PollingObserver):
    """Cannot watch what is in `refused`; its thread never starts."""

    def __init__(self, refused: set[str]) -> None:
        super().__init__()
        self.refused = refused

    def start(self) -> None:
        """Do nothing: no event is wanted."""

    def schedule(
        self,
        event_handler: FileSystemEventHandler,
        path: str | Path,
        **more: Any,  # noqa: ANN401 - as watchdog has it
    ) -> ObservedWatch:
        """Refuse some folders as a full table of watches does."""
        if path in self.refused:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().schedule(event_handler, path, **more)


class TestFailure:
    """Where events do not work, the sweep is the watcher."""

    def test_a_root_that_cannot_be_watched_is_named(
        self, root: Path, watch: Callable[..., tuple[Observer, Wakeups]]
    ) -> None:
        """Until it can; the other root's success does not hide it."""
        other = root.with_name("other")
        other.mkdir()
        refused = {str(root)}
        observer, _wakeups = watch(root, other, make=lambda: FailingObserver(refused))
        assert observer.ensure()
        assert not observer.is_complete
        assert observer.problem == f"cannot watch {root}: No space left on device"
        refused.clear()
        assert observer.ensure()
        assert observer.problem is None
        assert observer.is_complete

    def test_a_root_that_went_is_no_problem_any_more(
        self, root: Path, watch: Callable[..., tuple[Observer, Wakeups]]
    ) -> None:
        """There is nothing to watch."""
        observer, _wakeups = watch(root, make=lambda: FailingObserver({str(root)}))
        observer.ensure()
        root.rmdir()
        observer.ensure()
        assert observer.problem is None

    def test_a_watch_that_is_gone_already_is_given_up(
        self, root: Path, watch: Callable[..., tuple[Observer, Wakeups]]
    ) -> None:
        """The system may have ended it with its folder."""
        made = FailingObserver(set())
        observer, _wakeups = watch(root, make=lambda: made)
        observer.ensure()
        made.unschedule_all()
        root.rmdir()
        assert observer.ensure()
        assert not observer.is_complete

    def test_the_deletion_of_a_folder_inside_ends_no_watch(
        self, root: Path, watch: Callable[..., tuple[Observer, Wakeups]]
    ) -> None:
        """Only a root's own does."""
        observer, _wakeups = watch(root, make=lambda: FailingObserver(set()))
        observer.ensure()
        observer._handler.on_any_event(DirDeletedEvent(str(root / "p")))
        assert not observer.ensure()
        observer._handler.on_any_event(DirDeletedEvent(str(root)))
        assert observer.ensure()
        assert not observer.ensure()
