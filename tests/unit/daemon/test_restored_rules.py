"""A copy that takes the place of a database has what a repair removed after it was written."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from ccsync_watch.config import Settings
from ccsync_watch.config.setting_values import RedactSettings
from ccsync_watch.daemon.runtime import Runtime, rules_in_force
from ccsync_watch.daemon.sync_once import read_all
from ccsync_watch.store import backups
from ccsync_watch.store.damage import CheckLevel
from ccsync_watch.store.database import DATABASE_NAME, open_database
from ccsync_watch.store.meta import get_meta, set_meta
from ccsync_watch.store.stored_messages import session_messages
from support.ccsync_program.transcript import Transcript
from support.fakes import FakeClock
from support.lines import SESSION
from support.pumping import PassingRedactor

if TYPE_CHECKING:
    from pathlib import Path

    from ccsync_watch.model import JsonValue

WORD = "plumgiraffe"


class _Removing(PassingRedactor):
    def redact_value(self, obj: JsonValue) -> JsonValue:
        """Return the value without the word."""
        value: JsonValue = orjson.loads(orjson.dumps(obj).replace(WORD.encode(), b"(removed)"))
        return value


def _start(settings: Settings, redactor: Any) -> Runtime:  # noqa: ANN401 - what rules do is enough
    return Runtime(settings, clock=FakeClock(), redactor=redactor)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings by which the word is removed; the copy that is kept has it."""
    (tmp_path / "claude" / "projects").mkdir(parents=True)
    settings = Settings(
        claude_dirs=(tmp_path / "claude",),
        state_dir=tmp_path / "state",
    )
    transcript = Transcript(tmp_path / "claude")
    transcript.append(transcript.writer.prompt(f"The project is called {WORD} today"))
    runtime = _start(settings, PassingRedactor())
    read_all(runtime)
    with runtime.database.write() as connection:
        connection.execute("UPDATE transcripts SET missing_since_ms = 1")
    assert backups.write_backup(runtime.database.read())
    runtime.close()
    transcript.path.unlink()
    path = settings.state_dir / DATABASE_NAME
    copy = backups.backup_path(path).read_bytes()
    for file in (path, backups.backup_path(path)):
        file.write_bytes(b"no database" * 100)
    changed = replace(settings, redact=RedactSettings(patterns=(WORD,)))
    runtime = _start(changed, _Removing())
    with runtime.database.write() as connection:  # as a repair does
        set_meta(connection, "rules", rules_in_force(changed))
    runtime.close()
    (unused,) = backups.unused_copies(path)
    unused.write_bytes(copy)
    return changed


def test_the_rules_are_applied_before_anything_of_it_is_used(settings: Settings) -> None:
    """Also where the start that put it there was killed before it came to that."""
    open_database(settings.state_dir, now_ms=FakeClock().wall_ms()).close()
    runtime = _start(settings, _Removing())
    try:
        read = runtime.database.read()
        texts = repr(session_messages(runtime.database, SESSION))
        assert "The project is called" in texts
        assert WORD not in texts
        assert get_meta(read, "rules") == rules_in_force(settings)
        assert get_meta(read, backups.RESTORED) is None
    finally:
        runtime.close()


def test_a_command_beside_a_daemon_leaves_it_where_it_is(settings: Settings) -> None:
    """The daemon would write into a file that nobody reads again."""
    now_ms = FakeClock().wall_ms()
    database = open_database(settings.state_dir, now_ms=now_ms, level=CheckLevel.SHARED)
    database.close()
    assert database.restoration.replaced is None
    (_unused,) = backups.unused_copies(database.path)
