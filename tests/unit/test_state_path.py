"""Where the state folder is, as text."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ccsync_watch.config import state_folder
from ccsync_watch.errors import ConfigError
from ccsync_watch.state_path import state_path

NOBODY = "~no-such-account/state"


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"HOME": "/h"}, "/h/.local/state/ccsync-watch"),
        ({"HOME": "/h", "XDG_STATE_HOME": "/x"}, "/x/ccsync-watch"),
        ({"HOME": "/h", "XDG_STATE_HOME": "x"}, "/h/.local/state/ccsync-watch"),
        ({"HOME": "/h", "CCSYNC_WATCH_HOME": "/s", "XDG_STATE_HOME": "/x"}, "/s"),
        ({"HOME": "/h", "CCSYNC_WATCH_HOME": ""}, "/h/.local/state/ccsync-watch"),
        ({"CCSYNC_WATCH_HOME": "relative"}, "{here}/relative"),
        ({"CCSYNC_WATCH_HOME": "~/s"}, "{account}/s"),
        ({}, "{account}/.local/state/ccsync-watch"),
        ({"HOME": "/h", "CCSYNC_WATCH_HOME": NOBODY}, None),
    ],
)
def test_the_environment_says_where_the_state_is(env: dict[str, str], expected: str | None) -> None:
    """The settings agree."""
    if expected is not None:
        expected = expected.format(here=Path.cwd(), account=Path.home())
    assert state_path(env) == expected
    if expected is not None:
        assert state_folder(env) == Path(expected)


@pytest.mark.skipif(sys.platform == "win32", reason="a folder in use cannot be removed there")
def test_a_working_folder_that_was_removed_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole path says enough."""
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    assert state_path({"CCSYNC_WATCH_HOME": "/s"}) == "/s"


def test_a_home_of_nobody_is_a_mistake() -> None:
    """It names the variable."""
    with pytest.raises(ConfigError, match='CCSYNC_WATCH_HOME is "~no-such'):
        state_folder({"CCSYNC_WATCH_HOME": NOBODY})
