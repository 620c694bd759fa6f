"""Events become wakeups, and the roots are watched as they come and go."""

from __future__ import annotations

import errno
import os
import shutil
import sys
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
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers.api import ObservedWatch

SECONDS = 10.0


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a `projects` folder, by its path without links."""
    folder = tmp_path.resolve() / "projects"
    folder.mkdir()
    return folder


@pytest.fixture
def watch() -> Iterator[Callable[..., tuple[Observer, Wakeups]]]:
    """Return a function that builds observers; they are stopped at the end."""
    observers: list[Observer] = []

    def start(*roots: Path, **more: Any) -> tuple[Observer, Wakeups]:  # noqa: ANN401 - passed on
        wakeups = Wakeups()
        observer = Observer([str(root) for root in roots], wakeups, **more)
        observers.append(observer)
        return observer, wakeups

    yield start
    for observer in observers:
        observer.stop()


def take_until(wakeups: Wakeups, is_expected: Callable[[set[str], bool], bool]) -> set[str]:
    """Take wakeups until they are the expected ones; return all paths."""
    paths: set[str] = set()
    needs_rescan = False
    while not is_expected(paths, needs_rescan):
        assert wakeups.event.wait(SECONDS), f"no wakeup; so far {paths}, {needs_rescan}"
        new_paths, is_requested = wakeups.take()
        paths |= new_paths
        needs_rescan |= is_requested
    return paths


class TestWakeups:
    """The hand-over between threads."""

    def test_taking_wakeups_clears_them(self) -> None:
        """A path is handed over once, however often it was added."""
        wakeups = Wakeups()
        wakeups.add("a")
        wakeups.add("a")
        wakeups.add("b")
        assert wakeups.event.is_set()
        assert wakeups.take() == ({"a", "b"}, False)
        assert not wakeups.event.is_set()
        assert wakeups.take() == (set(), False)

    def test_a_rescan_request_keeps_the_paths(self) -> None:
        """A new folder requests a rescan; the paths announced before are still returned."""
        wakeups = Wakeups()
        wakeups.add("a")
        wakeups.request_rescan()
        assert wakeups.event.is_set()
        assert wakeups.take() == ({"a"}, True)
        assert wakeups.take() == (set(), False)


class TestSpool:
    """The hooks' folder is watched like the others, and treated differently."""

    def test_a_hook_event_only_wakes(
        self, watch: Callable[..., tuple[Observer, Wakeups]], tmp_path: Path
    ) -> None:
        """Whatever its name: it is not a transcript, and a folder in there requests nothing."""
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
    """What an event of the file system leads to."""

    @pytest.mark.parametrize(
        ("event", "paths", "needs_rescan"),
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
    def test_an_event_adds_transcripts_or_requests_a_rescan(
        self,
        tmp_path: Path,
        event: FileSystemEvent,
        paths: set[str],
        needs_rescan: bool,  # noqa: FBT001 - a parameter
    ) -> None:
        """A folder's content was not announced; other files do not matter."""
        wakeups = Wakeups()
        Observer([str(tmp_path)], wakeups)._handler.on_any_event(event)
        assert wakeups.take() == (paths, needs_rescan)


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
        take_until(wakeups, lambda paths, _: str(path) in paths)
        assert not observer.ensure()

    def test_a_new_folder_requests_a_rescan(
        self, root: Path, watch: Callable[..., tuple[Observer, Wakeups]]
    ) -> None:
        """What is written into it before it is watched would be missed."""
        observer, wakeups = watch(root)
        observer.ensure()
        (root / "p" / "q").mkdir(parents=True)
        take_until(wakeups, lambda _, needs_rescan: needs_rescan)

    @pytest.mark.tailing_case("48")
    @pytest.mark.skipif(
        sys.version_info < (3, 11),
        reason="watchdog 6, the last for Python 3.10, does not watch a folder that is moved in",
    )
    def test_a_folder_moved_in_is_watched(
        self, root: Path, tmp_path: Path, watch: Callable[..., tuple[Observer, Wakeups]]
    ) -> None:
        """It requests a rescan, and an append to a file in it is announced."""
        path = tmp_path / "aside" / "one.jsonl"
        path.parent.mkdir()
        path.write_bytes(b"{}\n")
        observer, wakeups = watch(root)
        observer.ensure()
        path.parent.rename(root / "moved")
        take_until(wakeups, lambda _, needs_rescan: needs_rescan)
        moved = root / "moved" / "one.jsonl"

        def is_announced() -> bool:
            # The first appends may come before the folder is watched: the rescan reads them.
            with moved.open("ab") as file:
                file.write(b"{}\n")
            return str(moved) in wakeups.take()[0]

        wait_until(is_announced, "an append is announced", SECONDS)

    def test_a_root_that_appears_is_watched(
        self, root: Path, watch: Callable[..., tuple[Observer, Wakeups]]
    ) -> None:
        """Claude Code creates the folder at its first session."""
        late = root.with_name("late")
        observer, wakeups = watch(root, late)
        observer.ensure()
        assert not observer.is_complete
        assert observer.problem is None
        late.mkdir()
        assert observer.ensure()
        assert observer.is_complete
        (late / "one.jsonl").touch()
        take_until(wakeups, lambda paths, _: str(late / "one.jsonl") in paths)

    def test_a_deleted_root_is_no_longer_watched(
        self, root: Path, watch: Callable[..., tuple[Observer, Wakeups]]
    ) -> None:
        """Until it exists again."""
        observer, _wakeups = watch(root)
        observer.ensure()
        root.rmdir()
        assert observer.ensure()
        assert not observer.is_complete

    @pytest.mark.tailing_case("54")
    def test_a_root_deleted_and_created_again_is_watched_again(
        self, root: Path, watch: Callable[..., tuple[Observer, Wakeups]]
    ) -> None:
        """Between two checks, and with the same inode, as most file systems give it."""
        observer, wakeups = watch(root)
        observer.ensure()
        shutil.rmtree(root)
        root.mkdir()
        take_until(wakeups, lambda _, needs_rescan: needs_rescan)
        observer.ensure()
        (root / "one.jsonl").touch()
        take_until(wakeups, lambda paths, _: str(root / "one.jsonl") in paths)

    def test_a_rebuilt_observer_watches_again(
        self, root: Path, watch: Callable[..., tuple[Observer, Wakeups]]
    ) -> None:
        """Also one that was stopped, once or twice."""
        observer, wakeups = watch(root)
        observer.ensure()
        observer.stop()
        observer.stop()
        assert not observer.is_complete
        observer.rebuild()
        (root / "one.jsonl").touch()
        take_until(wakeups, lambda paths, _: str(root / "one.jsonl") in paths)

    @pytest.mark.tailing_case("47")
    def test_folders_made_with_their_files_are_announced(
        self, root: Path, watch: Callable[..., tuple[Observer, Wakeups]]
    ) -> None:
        """A file written into a new folder may have no event, but a rescan after it is requested.

        The folders are watched in the end: what is written later has an event of its own.
        """
        observer, wakeups = watch(root)
        assert observer.ensure()
        paths = [root / f"p{number}" / "s" / "subagents" / "x.jsonl" for number in range(3000)]
        for path in paths[:-1]:
            path.parent.mkdir(parents=True)
            path.touch()
        take_until(wakeups, lambda seen, is_requested: is_requested or str(paths[-2]) in seen)
        wakeups.take()
        paths[-1].parent.mkdir(parents=True)
        paths[-1].touch()
        take_until(wakeups, lambda seen, is_requested: is_requested or str(paths[-1]) in seen)
        for path in paths[::300]:
            path.write_text("x")
            name = str(path)
            take_until(wakeups, lambda seen, _: name in seen)  # noqa: B023 - called at once


class TestLinks:
    """A user may keep `projects`, or a project in it, elsewhere."""

    @pytest.mark.parametrize("name", ["one.jsonl", "two/agent-a1.jsonl"])
    def test_a_root_that_is_a_link_is_live(
        self, root: Path, name: str, watch: Callable[..., tuple[Observer, Wakeups]]
    ) -> None:
        """Its files are announced by the paths that a scan has for them."""
        path = root / name
        path.parent.mkdir(exist_ok=True)
        link = root.with_name("link")
        link.symlink_to(root)
        observer, wakeups = watch(link)
        assert observer.ensure()
        path.touch()
        take_until(wakeups, lambda paths, _: str(link / name) in paths)

    def test_a_linked_folder_is_live_once_a_scan_listed_it(
        self, root: Path, tmp_path: Path, watch: Callable[..., tuple[Observer, Wakeups]]
    ) -> None:
        """The link itself requests that scan, when it is made and when it is removed."""
        elsewhere = tmp_path.resolve() / "elsewhere"
        elsewhere.mkdir()
        observer, wakeups = watch(root)
        observer.ensure()
        link = root / "p"
        link.symlink_to(elsewhere)
        take_until(wakeups, lambda _, needs_rescan: needs_rescan)
        observer.set_links([str(link)])
        assert observer.ensure()
        assert not observer.ensure()
        (elsewhere / "one.jsonl").touch()
        take_until(wakeups, lambda paths, _: str(link / "one.jsonl") in paths)
        link.unlink()
        take_until(wakeups, lambda _, needs_rescan: needs_rescan)
        observer.set_links([])
        observer.ensure()
        wakeups.take()
        (elsewhere / "two.jsonl").touch()
        (root / "three.jsonl").touch()
        assert take_until(wakeups, lambda paths, _: bool(paths)) == {str(root / "three.jsonl")}

    def test_a_link_that_leads_elsewhere_now_is_followed(
        self, root: Path, tmp_path: Path, watch: Callable[..., tuple[Observer, Wakeups]]
    ) -> None:
        """As a folder that was replaced by another one is."""
        folders = [tmp_path.resolve() / name for name in ("first", "second")]
        for folder in folders:
            folder.mkdir()
        link = root / "p"
        link.symlink_to(folders[0])
        observer, wakeups = watch(root)
        observer.set_links([str(link)])
        observer.ensure()
        link.unlink()
        link.symlink_to(folders[1])
        assert observer.ensure()
        wakeups.take()
        (folders[1] / "one.jsonl").touch()
        take_until(wakeups, lambda paths, _: str(link / "one.jsonl") in paths)

    def test_a_folder_below_another_watched_one_needs_no_watch(
        self, root: Path, watch: Callable[..., tuple[Observer, Wakeups]]
    ) -> None:
        """Each change is announced once, and again when the other one is watched no longer."""
        inner = root / "inner"
        inner.mkdir()
        link = root.with_name("link")
        link.symlink_to(inner)
        observer, wakeups = watch(root, link)
        observer.ensure()
        assert observer.is_complete
        (inner / "one.jsonl").touch()
        paths = take_until(wakeups, lambda paths, _: bool(paths))
        assert paths == {str(inner / "one.jsonl")}
        moved = root.with_name("moved")
        root.rename(moved)
        link.unlink()
        link.symlink_to(moved / "inner")
        observer.ensure()
        (moved / "inner" / "two.jsonl").touch()
        take_until(wakeups, lambda paths, _: str(link / "two.jsonl") in paths)


class FailingObserver(PollingObserver):
    """Cannot watch the folders in `rejected`; its thread never starts."""

    def __init__(self, rejected: set[str]) -> None:
        super().__init__()
        self.rejected = rejected

    def start(self) -> None:
        """Do nothing: no event is needed."""

    def schedule(
        self,
        event_handler: FileSystemEventHandler,
        path: str | Path,
        **more: Any,  # noqa: ANN401 - as watchdog has it
    ) -> ObservedWatch:
        """Fail for some folders as a full table of watches does."""
        if path in self.rejected:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().schedule(event_handler, path, **more)


class TestFailure:
    """Where events do not work, the rescan finds changes."""

    @pytest.mark.tailing_case("52", "55")
    def test_a_root_that_cannot_be_watched_is_reported(
        self, root: Path, watch: Callable[..., tuple[Observer, Wakeups]]
    ) -> None:
        """Until it can be; the other root's success does not hide it."""
        other = root.with_name("other")
        other.mkdir()
        rejected = {str(root)}
        observer, _wakeups = watch(root, other, make=lambda: FailingObserver(rejected))
        assert observer.ensure()
        assert not observer.is_complete
        assert observer.problem == f"cannot watch {root}: No space left on device"
        rejected.clear()
        assert observer.ensure()
        assert observer.problem is None
        assert observer.is_complete

    def test_a_deleted_root_is_not_a_problem(
        self, root: Path, watch: Callable[..., tuple[Observer, Wakeups]]
    ) -> None:
        """There is nothing to watch."""
        observer, _wakeups = watch(root, make=lambda: FailingObserver({str(root)}))
        observer.ensure()
        root.rmdir()
        observer.ensure()
        assert observer.problem is None

    def test_a_watch_that_the_system_ended_is_removed(
        self, root: Path, watch: Callable[..., tuple[Observer, Wakeups]]
    ) -> None:
        """It ends with its folder."""
        failing = FailingObserver(set())
        observer, _wakeups = watch(root, make=lambda: failing)
        observer.ensure()
        failing.unschedule_all()
        root.rmdir()
        assert observer.ensure()
        assert not observer.is_complete

    def test_the_deletion_of_a_folder_below_a_root_ends_no_watch(
        self, root: Path, watch: Callable[..., tuple[Observer, Wakeups]]
    ) -> None:
        """Only the root's own deletion does."""
        observer, _wakeups = watch(root, make=lambda: FailingObserver(set()))
        observer.ensure()
        observer._handler.on_any_event(DirDeletedEvent(str(root / "p")))
        assert not observer.ensure()
        observer._handler.on_any_event(DirDeletedEvent(str(root)))
        assert observer.ensure()
        assert not observer.ensure()


def test_the_file_of_a_workflows_run_wakes_its_agents(
    root: Path, watch: Callable[..., tuple[Observer, Wakeups]]
) -> None:
    """It labels them when the run ends; their own files do not change then."""
    agents = root / "p" / "s" / "subagents" / "workflows" / "wf_1"
    runs = root / "p" / "s" / "workflows"
    for folder in (agents, runs):
        folder.mkdir(parents=True)
    for name in ("agent-a1.jsonl", "agent-a1.meta.json", "journal.jsonl"):
        (agents / name).write_text("{}\n")
    observer, wakeups = watch(root)
    assert observer.ensure()
    wakeups.take()
    (runs / "wf_1.json").write_text("{}")
    paths = take_until(wakeups, lambda paths, _needs_rescan: bool(paths))
    assert paths == {str(agents / "agent-a1.jsonl")}
