"""One-time links, and sessions that outlive a restart until they end."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.dashboard.browser_access import (
    FILE_NAME,
    IDLE_SECONDS,
    LINK_SECONDS,
    BrowserAccess,
    forget_sessions,
    form_token,
)
from support.dashboard_visitor import sign_in

if TYPE_CHECKING:
    from pathlib import Path

    from support.fakes import FakeClock


def enter(access: BrowserAccess) -> str:
    """Use a link; return the cookie's value."""
    ((_name, value),) = sign_in(access).items()
    return value


def test_link_lets_in_once(access: BrowserAccess) -> None:
    """The second time it is worth nothing."""
    link = access.new_link()
    assert access.use_link(link)
    assert access.use_link(link) is None


def test_link_is_valid_for_ten_minutes(access: BrowserAccess, clock: FakeClock) -> None:
    """And for no longer."""
    early, late = access.new_link(), access.new_link()
    clock.advance(LINK_SECONDS - 1)
    assert access.use_link(early)
    clock.advance(1)
    assert access.use_link(late) is None


def test_oldest_link_and_session_are_dropped_when_there_are_many(
    access: BrowserAccess, clock: FakeClock
) -> None:
    """Asking for links without end does not take memory without end."""
    links = [access.new_link() for _ in range(40)]
    assert access.use_link(links[0]) is None
    cookies = []
    for _ in range(40):
        clock.advance(1)
        cookies.append(enter(access))
    assert not access.is_signed_in(cookies[0])
    assert access.is_signed_in(cookies[-1])
    assert access.count_sessions() < 40


def test_each_browser_has_a_cookie_and_a_token_of_its_own(access: BrowserAccess) -> None:
    """None can be derived from another, nor from what is in the state folder."""
    first, second = enter(access), enter(access)
    assert len({first, second, form_token(first), form_token(second)}) == 4
    stored = access._path.read_text()
    assert first not in stored
    assert form_token(first) not in stored


def test_session_outlives_a_restart(access: BrowserAccess, clock: FakeClock) -> None:
    """At the same address; an unused link does not."""
    cookie, link = enter(access), access.new_link()
    again = BrowserAccess(access._path.parent, clock=clock)
    assert again.host == access.host
    assert again.is_signed_in(cookie)
    assert again.use_link(link) is None


@pytest.mark.parametrize("set_by", [-365 * 86_400, -3_600, 1_000_000])
def test_no_session_lasts_longer_because_the_clock_was_set(
    access: BrowserAccess, clock: FakeClock, set_by: int
) -> None:
    """Nor less long; also not over a restart."""
    cookie = enter(access)
    clock.set_wall(set_by)
    clock.advance(IDLE_SECONDS - 10)
    assert access.is_signed_in(cookie)
    clock.advance(20)
    assert not access.is_signed_in(cookie)
    cookie = enter(access)
    clock.set_wall(-set_by - 365 * 86_400)
    again = BrowserAccess(access._path.parent, clock=clock)
    clock.advance(IDLE_SECONDS + 10)
    assert not again.is_signed_in(cookie)


def test_two_installations_have_names_that_nobody_guesses(tmp_path: Path, clock: FakeClock) -> None:
    """128 bits, in a form that browsers resolve to this machine."""
    hosts = set()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        hosts.add(BrowserAccess(tmp_path / name, clock=clock).host)
    assert len(hosts) == 2
    assert all(re.fullmatch(r"ccsync[0-9a-f]{32}\.localhost", host) for host in hosts)


def test_one_browser_signs_out(access: BrowserAccess, clock: FakeClock) -> None:
    """The others stay; also after a restart its cookie is worth nothing."""
    first, second = enter(access), enter(access)
    access.sign_out(first)
    for current in (access, BrowserAccess(access._path.parent, clock=clock)):
        assert not current.is_signed_in(first)
        assert current.is_signed_in(second)


def test_all_browsers_sign_out_and_the_address_changes(
    access: BrowserAccess, clock: FakeClock
) -> None:
    """Links that were not used are worth nothing either."""
    cookie, link, host = enter(access), access.new_link(), access.host
    access.sign_out_all()
    assert access.use_link(link) is None
    for current in (access, BrowserAccess(access._path.parent, clock=clock)):
        assert not current.is_signed_in(cookie)
        assert current.host != host


def test_sessions_are_forgotten_without_a_daemon(access: BrowserAccess, clock: FakeClock) -> None:
    """The command removes the file."""
    cookie = enter(access)
    assert forget_sessions(access._path.parent)
    assert not forget_sessions(access._path.parent)
    assert not BrowserAccess(access._path.parent, clock=clock).is_signed_in(cookie)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"name":"a.b","sessions":{}}', b'{"name":"a","sessions":[]}']
)
def test_damaged_file_signs_everybody_out(
    access: BrowserAccess, clock: FakeClock, content: bytes
) -> None:
    """And is replaced; its name is never used as it is."""
    access._path.write_bytes(content)
    again = BrowserAccess(access._path.parent, clock=clock)
    assert re.fullmatch(r"ccsync[0-9a-f]{32}\.localhost", again.host)
    assert again.is_signed_in(enter(again))


def test_file_that_others_can_write_is_not_believed(
    access: BrowserAccess, clock: FakeClock
) -> None:
    """Its sessions may be another user's."""
    cookie = enter(access)
    (access._path.parent / FILE_NAME).chmod(0o666)
    again = BrowserAccess(access._path.parent, clock=clock)
    assert not again.is_signed_in(cookie)
    assert (access._path.stat().st_mode & 0o777) == 0o600


def test_sessions_that_cannot_be_saved_end_with_the_process(
    access: BrowserAccess, clock: FakeClock
) -> None:
    """Signing out counts although the disk is full; no older file brings the session back."""
    cookie = enter(access)
    access._path.unlink()
    access._path.parent.rmdir()
    access.sign_out(cookie)
    assert not access.is_signed_in(cookie)
    access._path.parent.mkdir()
    assert not BrowserAccess(access._path.parent, clock=clock).is_signed_in(cookie)
