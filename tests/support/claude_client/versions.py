"""The versions of the real client that the tests run, pinned here and nowhere else.

Most tests run the newest. Those of old clients (`tests/e2e/test_old_clients.py`) run one of each
kind of transcripts: by default, and in CI, the few of `QUICK_VERSIONS`. CCSYNC_TEST_CLIENTS lists
others, separated by commas, or says `all`.
"""

from __future__ import annotations

import os

CLIENT_VERSION = "2.1.332"
"""The newest: what a test runs that asks for no other."""

FIRST_VERSION = "1.0.41"
"""The oldest that is supported, without plugins."""

OLD_VERSIONS = ("1.0.56", "1.0.88", "2.0.14", "2.0.76", "2.1.51", "2.1.197")
QUICK_VERSIONS = ("1.0.56", "2.0.76", "2.1.51", CLIENT_VERSION)

PLUGIN_VERSIONS = (
    "2.0.14", "2.0.42", "2.0.76", "2.1.20", "2.1.51", "2.1.75", "2.1.83", "2.1.92", "2.1.112",
    "2.1.116", "2.1.120", "2.1.160", "2.1.197", "2.1.250", CLIENT_VERSION,
)  # fmt: skip
"""The clients that `scripts/clients` tries the plugin with."""
QUICK_PLUGIN_VERSIONS = ("2.0.42", "2.0.76", "2.1.75", "2.1.120", CLIENT_VERSION)
"""Those of them that the tests try it with."""

# From this version on the client is a native binary in a package for each platform; before, it is a
# script for Node.
_FIRST_NATIVE = (2, 1, 113)
_FIRST_TO_TAKE_IDS = (1, 0, 56)
_FIRST_TO_MARK_COPIES = (2, 1, 198)
_FIRST_TO_NAME_SESSIONS = (2, 1, 75)


def chosen_versions() -> tuple[str, ...]:
    """Return the versions that the tests of old clients run."""
    choice = os.environ.get("CCSYNC_TEST_CLIENTS", "")
    if choice == "all":
        return (*OLD_VERSIONS, CLIENT_VERSION)
    return tuple(choice.split(",")) if choice else QUICK_VERSIONS


def is_native(version: str) -> bool:
    """Return whether a version is a native binary."""
    return _parts(version) >= _FIRST_NATIVE


def forks_by_resuming(version: str) -> bool:
    """Return whether every resume makes a fork, and nothing else does."""
    return _parts(version) < (2,)


def takes_session_id(version: str) -> bool:
    """Return whether a client takes the id of a new session as an argument."""
    return _parts(version) >= _FIRST_TO_TAKE_IDS


def marks_copies(version: str) -> bool:
    """Return whether the rows that a fork copied say where they are from."""
    return _parts(version) >= _FIRST_TO_MARK_COPIES


def names_sessions(version: str) -> bool:
    """Return whether a client in a terminal names its session in a file."""
    return _parts(version) >= _FIRST_TO_NAME_SESSIONS


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
