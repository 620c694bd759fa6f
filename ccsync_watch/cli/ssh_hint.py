"""Over SSH: whether this terminal is elsewhere, and how the dashboard is reached from there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_HTTP_PORT = 80


def is_over_ssh(env: Mapping[str, str]) -> bool:
    """Return whether the terminal is at another machine."""
    return bool(env.get("SSH_CONNECTION") or env.get("SSH_TTY"))


def forward_command(url: str, env: Mapping[str, str]) -> str:
    """Return the command that makes a link work at the machine where the user sits.

    The address is the one that the user connected to, as the server sees it.
    """
    # Loaded here: most terminals are where the machine is.
    import socket  # noqa: PLC0415 - see above
    from urllib.parse import urlsplit  # noqa: PLC0415 - see above

    port = urlsplit(url).port or _HTTP_PORT
    words = env.get("SSH_CONNECTION", "").split()
    host = words[2] if len(words) == 4 else socket.gethostname()  # noqa: PLR2004 - client, port, server, port
    more = f" -p {words[3]}" if len(words) == 4 and words[3] != "22" else ""  # noqa: PLR2004 - as above
    return f"ssh -N -L {port}:127.0.0.1:{port}{more} {_user(env)}@{host}"


def _user(env: Mapping[str, str]) -> str:
    import getpass  # noqa: PLC0415 - as above

    try:
        return env.get("USER") or getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "USER"
