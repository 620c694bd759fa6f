"""The pages of files and of errors: what they list, how they page, what they say when empty."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from ccsync_watch.dashboard.pages import error_list_page, file_list_page, file_page
from ccsync_watch.model import Part
from support.storing import SESSION, message

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue, Message
    from support.dashboard_visitor import Visitor
    from support.fakes import FakeClock
    from support.storing import World

PROJECT = "/home/user/project"


@pytest.fixture(autouse=True)
def all_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have pages wait for all of the index: the machine may be busy."""
    monkeypatch.setattr(file_list_page, "INDEX_WAIT_SECONDS", 30.0)


def edit(name: str, path: str, at_ms: int, **more: JsonValue) -> list[Message]:
    """Return the call of an edit, and its result."""
    arguments = Part("tool-call", {"file_path": path}, name, "Edit")
    values: dict[str, JsonValue] = {"ok": True, "path": path, "lines_added": 3, "lines_removed": 1}
    result = Part("tool-result", {**values, **more}, name, "Edit")
    return [
        message(f"a{name}", kind="answer", role="assistant", parts=(arguments,), at_ms=at_ms),
        message(f"r{name}", kind="tool_result", parts=(result,), at_ms=at_ms),
    ]


def texts(page: str, pattern: str) -> list[str]:
    """Return what a pattern's group matches in a page, unescaped."""
    return [html.unescape(value) for value in re.findall(pattern, page)]


def test_files_are_listed_a_page_at_a_time(
    world: World, visitor: Visitor, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next page is a link away, in both orders; a filter keeps."""
    monkeypatch.setattr(file_list_page, "_PAGE_FILES", 2)
    for number in range(5):
        at_ms = clock.wall_ms() - number
        world.ingest(*edit(f"e{number}", f"{PROJECT}/src/{'abcde'[number]}.py", at_ms))
    for sort in ("recent", "path"):
        path, seen = f"/files?sort={sort}&project={quote(PROJECT)}&q=src", list[str]()
        while path:
            page = visitor.get(path).text
            assert "5 files" in page
            seen += texts(page, r"<bdi>(.*?)</bdi>")
            (path,) = texts(page, r'rel="next" href="([^"]+)"') or [""]
        assert seen == [f"src/{letter}.py" for letter in "abcde"]
    assert "No file matches" in visitor.get("/files?q=nothing").text
    assert "No more files" in visitor.get("/files?after=1&key=1").text


def test_a_file_has_its_sessions_and_prompts(
    world: World, visitor: Visitor, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is a link to its message, and so is each change; earlier ones are on the next page."""
    now_ms = clock.wall_ms()
    world.ingest(
        message("p1", "Fix the <reader>", at_ms=now_ms - 9),
        *edit("one", f"{PROJECT}/a.py", now_ms - 8),
        message("p2", "And again", at_ms=now_ms - 7),
        *edit("two", f"{PROJECT}/a.py", now_ms - 6),
    )
    address = texts(visitor.get("/files").text, r'class="row" href="([^"]+)"')[0]
    page = visitor.get(address).text
    assert "<title>a.py · ccsync-watch</title>" in page
    names = re.findall(rf'href="/sessions/{SESSION}\?at=(\w+)#m-\1"', page)
    assert names == ["p2", "atwo", "p1", "aone"]
    assert "Fix the &lt;reader&gt;" in page
    assert "+6" in page
    monkeypatch.setattr(file_page, "_PAGE_CHANGES", 1)
    first = visitor.get(address).text
    assert re.findall(r"#m-(\w+)", first) == ["p2", "atwo"]
    (more,) = texts(first, r'rel="next" href="([^"]+)"')
    assert re.findall(r"#m-(\w+)", visitor.get(more).text) == ["p1", "aone"]
    assert "No stored call changed this file" in visitor.get("/files/file?path=/no").text


def test_failures_are_grouped_and_lead_to_their_calls(
    world: World, visitor: Visitor, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By tool and kind, with the latest of each; one group is listed a page at a time."""
    now_ms = clock.wall_ms()
    for number in range(3):
        world.ingest(*edit(f"e{number}", f"{PROJECT}/a.py", now_ms - 10 + number, ok=False,
                           output="String to replace not found in file."))  # fmt: skip
    world.ingest(*edit("d", "/x", now_ms, ok=False, denied="rejected by you"))
    page = visitor.get("/errors").text
    assert re.search(r"Failed calls</dt><dd>3<", page)
    assert re.search(r"Denied calls</dt><dd>1<", page)
    assert "text not in the file" in page
    assert "did not run" in page
    assert f"/sessions/{SESSION}?at=ae2#m-ae2" in html.unescape(page)
    group = "/errors?tool=Edit&kind=text+not+in+the+file"
    monkeypatch.setattr(error_list_page, "_PAGE_CALLS", 2)
    first = visitor.get(group).text
    assert re.findall(r"#m-(\w+)", first) == ["ae2", "ae1"]
    (more,) = texts(first, r'rel="next" href="([^"]+)"')
    assert re.findall(r"#m-(\w+)", visitor.get(more).text) == ["ae0"]
    monkeypatch.setattr(error_list_page, "_MAX_GROUPS", 1)
    assert "And 1 more kind." in visitor.get("/errors").text


def test_each_bar_of_failures_selects_its_days(
    world: World, visitor: Visitor, clock: FakeClock
) -> None:
    """A day that is selected limits what is listed; the filters are links that remove them."""
    world.ingest(*edit("e", f"{PROJECT}/a.py", clock.wall_ms(), ok=False, exit_code=3))
    page = visitor.get(f"/errors?range=7&project={quote(PROJECT)}").text
    bars = texts(page, r'<a href="(/errors\?[^"]*since=[^"]*)"')
    assert len(bars) == 7
    assert "exit code 3" in visitor.get(bars[-1]).text
    earlier = visitor.get(bars[0]).text
    assert "None in this range" in earlier
    assert texts(earlier, r'class="tag" href="([^"]+)"')[-1].startswith("/errors?range=7&project=")


def test_pages_say_why_they_are_empty(world: World, visitor: Visitor) -> None:
    """Nothing was changed, nothing failed; nothing is known where calls are not stored."""
    world.say("u1", "Hello")
    assert "No file was changed yet" in visitor.get("/files").text
    assert "No call failed in this range" in visitor.get("/errors").text


def test_without_calls_nothing_is_claimed(
    world: World, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The setting that leaves them out is named."""
    world.say("u1", "Hello")
    monkeypatch.setattr(visitor.site.figures, "known_calls", lambda _stored: None)
    for path in ("/files", "/errors"):
        assert "sync_tool_calls" in visitor.get(path).text


def test_results_in_one_message_are_on_pages_of_their_own(
    world: World, visitor: Visitor, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page may end between two results of one message: neither is left out."""
    monkeypatch.setattr(file_page, "_PAGE_CHANGES", 1)
    monkeypatch.setattr(error_list_page, "_PAGE_CALLS", 1)
    results = [
        Part("tool-result", {"ok": is_ok, "path": "/a.py", "exit_code": 3}, f"t{number}", "Edit")
        for number, is_ok in enumerate([True, True, False, False])
    ]
    calls = [Part("tool-call", {"file_path": "/a.py"}, f"t{number}", "Edit") for number in range(4)]
    world.ingest(
        *(
            message(f"a{number}", kind="answer", parts=(call,), at_ms=clock.wall_ms())
            for number, call in enumerate(calls)
        ),
        message("r", kind="tool_result", parts=tuple(results), at_ms=clock.wall_ms()),
    )
    for first, names in (
        (f"/files/file?project={quote(PROJECT)}&path=/a.py", {"a0", "a1"}),
        ("/errors?tool=Edit&kind=exit+code+3", {"a2", "a3"}),
    ):
        path, seen = first, list[str]()
        while path:
            page = visitor.get(path).text
            seen += re.findall(r"#m-(\w+)", page)
            (path,) = texts(page, r'rel="next" href="([^"]+)"') or [""]
        assert len(seen) == len(names)
        assert set(seen) == names


def test_long_paths_and_those_with_spaces_at_their_ends_are_found(
    world: World, visitor: Visitor, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Links name files and projects as they are stored, in every filter and on every page."""
    monkeypatch.setattr(file_list_page, "_PAGE_FILES", 1)
    project = "/home/user/" + "deep/" * 100 + "end "
    paths = [f"{project}/{name}" for name in (" a.py", "b.py ", "c" * 500, "c" * 501)]
    for number, file_path in enumerate(paths):
        world.ingest(*edit(f"e{number}", file_path, clock.wall_ms()), cwd=project)
    world.ingest(*edit("f", "/x", clock.wall_ms(), ok=False), cwd=project)
    path, seen = f"/files?sort=path&project={quote(project)}", list[str]()
    while path and len(seen) <= len(paths):
        page = visitor.get(path).text
        seen += texts(page, r'class="row" href="([^"]+)"')
        (path,) = texts(page, r'rel="next" href="([^"]+)"') or [""]
    assert len(seen) == len(paths)
    for address in seen:
        assert "Last changed" in visitor.get(address).text
    of_project = quote(project)
    assert re.search(r"Failed calls</dt><dd>1<", visitor.get(f"/errors?project={of_project}").text)
    assert 'class="row"' in visitor.get(f"/sessions?project={of_project}&all=1").text
