"""`--quiet` prints answers and errors alone; `--verbose` where an error comes from, redacted."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.cli import main
from ccsync_watch.cli.console import announce, quietly, shows_progress
from ccsync_watch.config import load

if TYPE_CHECKING:
    from io import StringIO


class _Terminal:
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        """Return that it is one."""
        return True


def test_quiet_leaves_warnings_out(env: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """Of the settings; the answer stays, and so does an error."""
    file = load(env).file
    file.write_text('{"sync_thinkin": true}')
    file.chmod(0o600)
    assert main(["config"], env) == 0
    loud = capsys.readouterr()
    assert "unknown key" in loud.err
    assert main(["config", "--quiet"], env) == 0
    quiet = capsys.readouterr()
    assert (quiet.err, quiet.out) == ("", loud.out)
    assert main(["config", "-q", "show", "nothing"], env) == 2
    assert "is not a setting" in capsys.readouterr().err
    assert main(["config"], env) == 0
    assert "unknown key" in capsys.readouterr().err


def test_quiet_shows_no_bars_and_notices() -> None:
    """Also on a terminal."""
    stream: StringIO = _Terminal()  # type: ignore[assignment]  # as much of one as is asked for
    assert shows_progress(stream)
    with quietly():
        assert not shows_progress(stream)
        announce("nothing")
    assert shows_progress(stream)


def test_verbose_says_where_an_error_is_from(
    env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a secret in it; logging is as before at the end."""
    level, handlers = logging.getLogger().level, list(logging.getLogger().handlers)
    secret = "sk-ant-api03-" + "Ab1" * 31 + "AA"
    assert main(["config", "-v", "show", secret], env) == 2
    shown = capsys.readouterr().err
    assert "Traceback" in shown
    assert "ConfigError" in shown
    trace = shown.rpartition("ccsync-watch: ")[0]
    assert secret not in trace
    assert (logging.getLogger().level, logging.getLogger().handlers) == (level, handlers)


def test_both_exclude_each_other(env: dict[str, str]) -> None:
    """They are opposites."""
    with pytest.raises(SystemExit) as raised:
        main(["status", "-q", "-v"], env)
    assert raised.value.code == 2
