"""The composition makes the destination that the settings name, and knows it alone."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.accounting.priced_summaries import PricedSummaries
from ccsync_watch.config import Secret, Settings
from ccsync_watch.config.setting_values import DestinationInfo
from ccsync_watch.daemon.connection_test import try_backend
from ccsync_watch.daemon.destinations import connect, make_destination, preview_requests
from ccsync_watch.errors import Unauthorized
from ccsync_watch.model import Part
from ccsync_watch.store.outbox import Outbox
from ccsync_watch.store.sendable_messages import sendable_messages
from support.double_transport import DoubleTransport
from support.opensync_double.backend import API_KEY, Backend
from support.storing import SESSION, World, message

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

PACKAGE = Path(__file__).parents[3] / "ccsync_watch"
URL = "https://happy-otter-123.convex.cloud"
# Who may name the setting: its declaration, the composition, and the commands that change it.
KNOWN_TO = {
    "config/settings.py",
    "config/loading.py",
    "daemon/destinations.py",
    "cli/commands/login.py",
    "cli/commands/logout.py",
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Have an empty store."""
    world = World(tmp_path)
    yield world
    world.close()


def test_without_an_address_there_is_nothing_to_make(world: World) -> None:
    """Everything stays on this machine."""
    settings = Settings()
    assert settings.destination is None
    summaries = PricedSummaries(world.database, world.prices)
    destination = make_destination(
        settings, outbox=world.outbox, summaries=summaries, clock=world.clock
    )
    assert destination is None
    assert connect(settings, clock=world.clock, timeout_seconds=1) is None
    backend = try_backend(settings, clock=world.clock)
    assert (backend.backend_info, backend.error) == (None, None)


def test_the_destination_of_the_settings_is_connected(world: World) -> None:
    """To its address, with its key."""
    settings = Settings(convex_url=URL, api_key=Secret(API_KEY))
    assert settings.destination == DestinationInfo("OpenSync", URL, max_messages=4095)
    destination = make_destination(
        settings,
        outbox=world.outbox,
        summaries=PricedSummaries(world.database, world.prices),
        clock=world.clock,
        transport=world.transport,
    )
    assert destination is not None
    assert destination.address == "https://happy-otter-123.convex.site"
    world.say("u1")
    world.connect(destination)
    world.work()
    assert world.ids() == ["u1"]
    destination.close()


@pytest.mark.parametrize("key", [API_KEY, "osk_wrong"])
def test_a_connection_is_tested_without_a_store(world: World, key: str) -> None:
    """Either the backend's answer or the error is known afterwards."""
    settings = Settings(convex_url=URL, api_key=Secret(key))
    transport: httpx.BaseTransport = DoubleTransport(Backend())
    backend = try_backend(settings, clock=world.clock, transport=transport)
    if key == API_KEY:
        assert (backend.backend_info is not None, backend.error) == (True, None)
    else:
        assert isinstance(backend.error, Unauthorized)


def test_a_preview_needs_no_destination(world: World) -> None:
    """It is what would be sent, the session's state first; nothing is sent."""
    world.ingest(message("u1", "Hello"))
    summary = PricedSummaries(world.database, world.prices).summary(SESSION)
    assert summary is not None
    stored = [row.message for row in world.outbox.rows(SESSION, 1 << 50, 9).value]
    requests = list(preview_requests(Settings(), summary, stored))
    assert [request.path for request in requests] == [
        "/sync/session",
        "/sync/message",
        "/sync/message",
    ]
    assert requests[-1].body["textContent"] == "Hello"
    assert world.backend.calls == []


@pytest.mark.parametrize("is_host_sent", [False, True])
def test_a_preview_is_what_is_sent(world: World, *, is_host_sent: bool) -> None:
    """Results with their calls, blank messages, the header, a subagent's rows."""
    world.outbox = Outbox(world.database, is_host_sent=is_host_sent)
    world.connect()
    call = Part("tool-call", {"command": "pytest -q"}, "toolu_1", "Bash")
    result = Part("tool-result", {"ok": True, "durationMs": 4200.0}, "toolu_1", "Bash")
    world.ingest(
        message("u1", kind="answer", parts=(call,), agent_id="a1"),
        message("u2", kind="tool_result", parts=(result,), agent_id="a1"),
        message("u3", " ", kind="command_output"),
        message("u4", "[Request interrupted by user]", kind="interrupt"),
    )
    summary = PricedSummaries(world.database, world.prices).summary(SESSION)
    assert summary is not None
    sendable = sendable_messages(world.database, SESSION, is_host_sent=is_host_sent)
    previewed = {
        request.body["externalId"]: request.body["parts"]
        for request in preview_requests(Settings(), summary, sendable)
        if request.path == "/sync/message"
    }
    world.drain()
    assert world.held_parts() == previewed
    assert ("laptop" in str(previewed)) == is_host_sent
    assert "[subagent a1] Bash: pytest -q\\nok · 4.2 s" in str(previewed)


def test_only_config_composition_and_login_read_the_address() -> None:
    """Whoever wants to know whether and where sessions are sent reads `Settings.destination`."""
    readers = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "convex_url"
    }
    assert readers <= KNOWN_TO


def test_only_the_composition_imports_the_backend() -> None:
    """Everything else knows a destination."""
    importers = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("ccsync_watch.opensync")
    }
    assert {path for path in importers if not path.startswith("opensync/")} == {
        "daemon/destinations.py"
    }
