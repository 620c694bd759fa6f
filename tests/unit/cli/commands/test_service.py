"""`service`: the files for the service manager, and that its failure is one line."""

from __future__ import annotations

import plistlib
import shutil
import subprocess
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.cli import main
from ccsync_watch.cli.commands import service
from ccsync_watch.cli.commands.service import Manager
from ccsync_watch.cli.commands.service import manager_for as make_manager
from ccsync_watch.cli.service_units import systemd_unit
from ccsync_watch.config import load
from ccsync_watch.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = ['/opt/my "python" 100% $HOME\\x', "-m", "ccsync_watch", "run"]
_RECORDER = """#!/bin/sh
echo "$@" >>"$0.calls"
exit $(cat "$0.code" 2>/dev/null || echo 0)
"""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Return an environment with a systemctl that only records its arguments."""
    home, tools = tmp_path / "home", tmp_path / "tools"
    home.mkdir()
    tools.mkdir()
    (tools / "systemctl").write_text(_RECORDER)
    (tools / "systemctl").chmod(0o755)
    return {
        "HOME": str(home),
        "CCSYNC_WATCH_HOME": str(tmp_path / "state"),
        "CLAUDE_SYNC_API_KEY": "osk_secret_secret",
        "PATH": f"{tools}:/usr/bin:/bin",
    }


def calls(tmp_path: Path) -> list[str]:
    """Return the recorded arguments of systemctl."""
    path = tmp_path / "tools" / "systemctl.calls"
    return path.read_text().splitlines() if path.exists() else []


def test_a_unit_quotes_what_has_a_meaning_for_systemd() -> None:
    """Spaces, quotes, specifiers, variables, backslashes."""
    unit = systemd_unit(COMMAND, {"A": "b c%$d"})
    assert r'ExecStart="/opt/my \"python\" 100%% $$HOME\\x" "-m" "ccsync_watch" "run"' in unit
    assert 'Environment="A=b c%%$d"' in unit


def manager_for(platform: str, env: dict[str, str], command: list[str]) -> Manager:
    """Return a manager for the settings of this environment."""
    return make_manager(platform, env, command, load(env))


@pytest.mark.parametrize("is_sandboxed", [True, False])
def test_systemd_accepts_the_unit(tmp_path: Path, is_sandboxed: bool) -> None:  # noqa: FBT001 - a parameter of pytest
    """Checked by its own tool, where that is installed: no key is unknown to it."""
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("systemd-analyze is not on PATH")
    path = tmp_path / "ccsync-watch.service"
    writable = [tmp_path / "a folder"] if is_sandboxed else None
    path.write_text(systemd_unit(["/bin/true", "run"], {"A": "b c"}, writable=writable))
    result = subprocess.run(
        [verify, "verify", "--user", str(path)], capture_output=True, text=True, check=False
    )
    assert "ccsync-watch.service" not in result.stderr


def test_systemd_rates_the_sandbox(tmp_path: Path) -> None:
    """By its own tool, where that can: what is left is what only the system's manager may do."""
    analyze = shutil.which("systemd-analyze")
    path = tmp_path / "ccsync-watch.service"
    path.write_text(systemd_unit(["/bin/true"], {}, writable=[PurePosixPath("/home/a/.cache")]))
    words = [analyze or "/nowhere", "security", "--offline=yes", "--threshold=60", str(path)]
    if analyze is None or "offline" not in _output(analyze, "security", "--help"):
        pytest.skip("this systemd-analyze rates no files")
    assert subprocess.run(words, capture_output=True, check=False).returncode == 0
    plain = tmp_path / "plain.service"
    plain.write_text(systemd_unit(["/bin/true"], {}))
    words[-1] = str(plain)
    assert subprocess.run(words, capture_output=True, check=False).returncode != 0


def _output(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout


def test_the_service_writes_to_its_own_folders_only(env: dict[str, str]) -> None:
    """And can make them again; a sandbox without the folders that it reads would be useless."""
    env |= {"CCSYNC_WATCH_HOME": "/srv/state 1/ccsync", "XDG_CACHE_HOME": "/srv/cache"}
    env["CLAUDE_CONFIG_DIR"] = "/srv/claude"
    unit = manager_for("linux", env, COMMAND).contents[0].decode()
    assert "ProtectSystem=strict\n" in unit
    writable = [line for line in unit.splitlines() if line.startswith("ReadWritePaths=")]
    assert writable == ['ReadWritePaths="-/srv/state 1"', 'ReadWritePaths="-/srv/cache"']
    assert "PrivateTmp=true\n" in unit
    # Others find what is in /tmp only where that is the same folder for all.
    env["CLAUDE_CONFIG_DIR"] = "/tmp/claude"  # noqa: S108 - not opened
    unit = manager_for("linux", env, COMMAND).contents[0].decode()
    assert "PrivateTmp" not in unit
    assert 'ReadWritePaths="-/tmp"' in unit


@pytest.mark.parametrize("number", [0, 1])
def test_the_service_is_limited_and_watched(env: dict[str, str], number: int) -> None:
    """With the sandbox and without."""
    unit = manager_for("linux", env, COMMAND).contents[number].decode()
    lines = {
        "Type=notify", "WatchdogSec=600", "Restart=on-failure", "MemoryMax=1G", "LimitCORE=0",
        "UMask=0077", "NoNewPrivileges=true", "RestartPreventExitStatus=2",
    }  # fmt: skip
    assert lines <= set(unit.splitlines())
    agent = plistlib.loads(manager_for("darwin", env, COMMAND).contents[0])
    assert agent["HardResourceLimits"] == agent["SoftResourceLimits"] == {"Core": 0}
    assert agent["Umask"] == 0o077
    assert agent["KeepAlive"] == {"SuccessfulExit": False}


def test_a_system_without_sandboxes_runs_the_service_without(
    env: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Such as one that lets no user make a namespace; it is said."""
    monkeypatch.setattr("sys.platform", "linux")
    unit = tmp_path / "home" / ".config" / "systemd" / "user" / "ccsync-watch.service"
    (tmp_path / "tools" / "systemctl").write_text(
        f'#!/bin/sh\ncase "$*" in *enable*) ! grep -q ProtectSystem {unit};; esac\n'
    )
    assert main(("service", "install"), env) == 0
    assert "runs without one" in capsys.readouterr().out
    assert "NoNewPrivileges=true" in unit.read_text()


def test_launchd_gets_the_same_command_and_variables(env: dict[str, str]) -> None:
    """As a property list."""
    manager = manager_for("darwin", env, COMMAND)
    assert str(manager.file) == f"{env['HOME']}/Library/LaunchAgents/ccsync-watch.plist"
    agent = plistlib.loads(manager.contents[0])
    assert agent["ProgramArguments"] == COMMAND
    assert agent["EnvironmentVariables"] == {"CCSYNC_WATCH_HOME": env["CCSYNC_WATCH_HOME"]}
    assert b"osk_secret" not in manager.contents[0]


def test_the_service_reaches_the_network_as_the_terminal_does(
    env: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its proxies; no password is written, and what the service does not see is named."""
    monkeypatch.setattr("sys.platform", "linux")
    env |= {
        "https_proxy": "http://proxy:3128", "HTTP_PROXY": "joe:pa55phrase@proxy:3128",
        "NO_PROXY": "10.0.0.0/8", "SSL_CERT_FILE": "/etc/own.pem",
    }  # fmt: skip
    agent = plistlib.loads(manager_for("darwin", env, COMMAND).contents[0])
    variables = agent["EnvironmentVariables"]
    assert (variables["https_proxy"], variables["NO_PROXY"]) == ("http://proxy:3128", "10.0.0.0/8")
    assert main(("service", "install"), env) == 0
    unit = manager_for("linux", env, COMMAND).file.read_text()
    assert 'Environment="SSL_CERT_FILE=/etc/own.pem"' in unit
    assert "pa55phrase" not in unit
    warned = capsys.readouterr().err
    assert "the service does not see CLAUDE_SYNC_API_KEY of this terminal" in warned
    assert "not written into the service's file, because of a password: HTTP_PROXY." in warned


def test_other_systems_are_an_error(env: dict[str, str]) -> None:
    """The hint names the plugin and `start`."""
    with pytest.raises(ConfigError, match="services on win32 are not supported"):
        manager_for("win32", env, COMMAND)


def test_install_status_uninstall(
    env: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each twice does no harm; the unit has no secret in it."""
    monkeypatch.setattr("sys.platform", "linux")
    unit = tmp_path / "home" / ".config" / "systemd" / "user" / "ccsync-watch.service"
    assert main(("service", "status"), env) == 3
    assert main(("service", "uninstall"), env) == 0
    assert calls(tmp_path) == []
    assert main(("service", "install"), env) == 0
    assert main(("service", "install"), env) == 0
    assert calls(tmp_path)[:3] == [
        "--user is-active --quiet ccsync-watch.service",
        "--user daemon-reload",
        "--user enable --now ccsync-watch.service",
    ]
    assert "osk_secret" not in unit.read_text()
    assert f'Environment="CCSYNC_WATCH_HOME={env["CCSYNC_WATCH_HOME"]}"' in unit.read_text()
    assert main(("service", "status"), env) == 0
    (tmp_path / "tools" / "systemctl.code").write_text("3")
    assert main(("service", "status"), env) == 3
    (tmp_path / "tools" / "systemctl.code").unlink()
    assert main(("service", "uninstall"), env) == 0
    assert not unit.exists()
    output = capsys.readouterr()
    assert output.err.count("does not see CLAUDE_SYNC_API_KEY") == 2
    assert "Installed, not running" in output.out


def test_a_manager_that_fails_is_one_line(
    env: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without a user session, or without systemd: the plugin works without it.

    Nothing is left that `status` calls installed.
    """
    monkeypatch.setattr("sys.platform", "linux")
    (tmp_path / "tools" / "systemctl.code").write_text("1")
    assert main(("service", "install"), env) == 1
    env["PATH"] = str(tmp_path)
    assert main(("service", "install"), env) == 1
    for line in capsys.readouterr().err.splitlines():
        assert line.startswith("ccsync-watch: `systemctl --user daemon-reload` failed (")
        assert line.endswith("`ccsync-watch start`")
    env["PATH"] = f"{tmp_path / 'tools'}:/usr/bin:/bin"
    assert main(("service", "status"), env) == 3
    assert capsys.readouterr().out.startswith("Not installed (")


def test_a_start_that_fails_leaves_what_was_there(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing, or the unit of an earlier version, which is loaded again."""
    monkeypatch.setattr("sys.platform", "linux")
    (tmp_path / "tools" / "systemctl").write_text(
        '#!/bin/sh\necho "$@" >>"$0.calls"\ncase "$*" in *enable*) exit 1;; esac\n'
    )
    unit = tmp_path / "home" / ".config" / "systemd" / "user" / "ccsync-watch.service"
    assert main(("service", "install"), env) == 1
    assert not unit.exists()
    assert calls(tmp_path)[-2:] == [
        "--user disable --now ccsync-watch.service",
        "--user daemon-reload",
    ]
    unit.write_text("[Unit]\n")
    assert main(("service", "install"), env) == 1
    assert unit.read_text() == "[Unit]\n"
    assert calls(tmp_path)[-1] == "--user daemon-reload"


_LAUNCHCTL = """#!/bin/sh
echo "$1" >>"$0.calls"
case "$1" in
  print) test -e "$0.loaded" || exit 113
    test -e "$0.ending" && rm "$0.loaded" "$0.ending"
    exit 0 ;;
  bootout) test -e "$0.loaded" || { echo "Boot-out failed: 3: No such process" >&2; exit 3; }
    touch "$0.ending"; echo "Boot-out failed: 36: Operation now in progress" >&2; exit 36 ;;
  bootstrap) test -e "$0.loaded" && { echo "Bootstrap failed: 5: I/O error" >&2; exit 5; }
    test -e "$0.broken" && exit 5
    touch "$0.loaded" ;;
esac
"""
"""What launchd does: a service is loaded once, and takes a moment to end."""


def test_launchd_loads_a_service_again(
    env: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each command twice does no harm, and neither does what the user unloaded by hand."""
    monkeypatch.setattr("sys.platform", "darwin")
    launchctl = tmp_path / "tools" / "launchctl"
    launchctl.write_text(_LAUNCHCTL)
    launchctl.chmod(0o755)
    loaded = tmp_path / "tools" / "launchctl.loaded"
    agent = tmp_path / "home" / "Library" / "LaunchAgents" / "ccsync-watch.plist"
    assert main(("service", "install"), env) == 0
    assert main(("service", "install"), env) == 0, capsys.readouterr().err
    assert (agent.exists(), loaded.exists()) == (True, True)
    agent.write_bytes(b"of an earlier version")
    (tmp_path / "tools" / "launchctl.broken").touch()
    assert main(("service", "install"), env) == 1
    assert agent.read_bytes() == b"of an earlier version"
    recorded = (tmp_path / "tools" / "launchctl.calls").read_text().split()
    assert recorded[-2:] == ["bootstrap", "bootstrap"], "the earlier one is loaded again"
    (tmp_path / "tools" / "launchctl.broken").unlink()
    assert main(("service", "install"), env) == 0
    assert main(("service", "uninstall"), env) == 0
    assert (agent.exists(), loaded.exists()) == (False, False)
    assert main(("service", "install"), env) == 0
    loaded.unlink()
    assert main(("service", "uninstall"), env) == 0, capsys.readouterr().err
    assert not agent.exists()
    assert main(("service", "uninstall"), env) == 0


def test_install_says_what_happens_after_a_logout(
    env: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where that is not chosen already, and can be."""
    monkeypatch.setattr("sys.platform", "linux")
    manager = manager_for("linux", env, COMMAND)
    assert manager.lingering is not None
    assert manager.lingering.parent.as_posix() == "/var/lib/systemd/linger"
    assert manager_for("darwin", env, COMMAND).lingering is None
    assert main(("service", "install"), env) == 0
    assert ("loginctl enable-linger" in capsys.readouterr().out) is not manager.lingering.exists()


@pytest.mark.parametrize("action", ["install", "uninstall", "status"])
def test_a_manager_that_hangs_is_not_waited_for(
    env: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    action: str,
) -> None:
    """One command finds that out; what is installed stays, and nothing is."""
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(service, "_ASK_SECONDS", 0.2)
    unit = tmp_path / "home" / ".config" / "systemd" / "user" / "ccsync-watch.service"
    if action != "install":
        assert main(("service", "install"), env) == 0
    before = calls(tmp_path)
    (tmp_path / "tools" / "systemctl").write_text(
        '#!/bin/sh\necho "$@" >>"$0.calls"\nexec sleep 600\n'
    )
    capsys.readouterr()
    assert main(("service", action), env) == 1
    output = capsys.readouterr()
    asked = "systemctl --user is-active --quiet ccsync-watch.service"
    assert output.err.startswith(f"ccsync-watch: `{asked}` did not answer within 0 seconds: ")
    assert output.out == ""
    assert calls(tmp_path)[len(before) :] == [asked.removeprefix("systemctl ")]
    assert unit.exists() == (action != "install")


def test_a_start_that_hangs_leaves_what_was_there(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without asking the manager for anything more."""
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(service, "_SECONDS", 1.0)
    (tmp_path / "tools" / "systemctl").write_text(
        '#!/bin/sh\necho "$@" >>"$0.calls"\ncase "$*" in *enable*) exec sleep 600;; esac\n'
    )
    assert main(("service", "install"), env) == 1
    assert calls(tmp_path)[-1] == "--user enable --now ccsync-watch.service"
    unit = tmp_path / "home" / ".config" / "systemd" / "user" / "ccsync-watch.service"
    assert not unit.exists()
