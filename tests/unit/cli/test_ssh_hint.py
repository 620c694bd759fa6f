"""Over SSH a link to the dashboard comes with the command that makes it work at the other end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.cli.banner import show_dashboard
from ccsync_watch.cli.ssh_hint import forward_command, is_over_ssh

if TYPE_CHECKING:
    import pytest

LINK = "http://abc.localhost:8377/enter?link=x"


def test_the_address_is_the_one_that_was_connected_to() -> None:
    """With its port, if it is not the usual one."""
    env = {"USER": "ada", "SSH_CONNECTION": "10.0.0.9 51000 10.0.0.5 22"}
    assert forward_command(LINK, env) == "ssh -N -L 8377:127.0.0.1:8377 ada@10.0.0.5"
    env["SSH_CONNECTION"] = "10.0.0.9 51000 10.0.0.5 2222"
    assert forward_command(LINK, env) == "ssh -N -L 8377:127.0.0.1:8377 -p 2222 ada@10.0.0.5"
    assert forward_command(LINK, {"USER": "ada", "SSH_TTY": "x"}).startswith("ssh -N -L 8377:")


def test_only_a_terminal_elsewhere_gets_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Here the link is enough."""
    show_dashboard(LINK, {})
    assert "ssh" not in capsys.readouterr().out
    assert not is_over_ssh({"SSH_CONNECTION": ""})
    show_dashboard(LINK, {"SSH_CONNECTION": "1 2 3 22", "USER": "ada"})
    shown = capsys.readouterr().out.splitlines()
    assert shown[1] == "             from where you sit: ssh -N -L 8377:127.0.0.1:8377 ada@3"
