"""`doctor`: each cause by its code, in a home that has just that fault."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from starlette.responses import Response

from ccsync_watch import __version__
from ccsync_watch.cli import main
from ccsync_watch.cli.doctor.client_files import events_of
from ccsync_watch.cli.doctor.hook_files import HOOK_EVENTS, read_hook_runs
from ccsync_watch.control.pidfile import STARTING_NAME, STARTING_SECONDS
from support.ccsync_program.plugin_home import PLUGIN, ROOT
from support.state_folder import StateFolder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

ID = "claude-code-sync@claude-code-sync"
CLIENT = "claude-code_2-1-332_agent"


@dataclass
class Patient:
    """A home with the plugin installed, a program, and hooks that ran."""

    home: Path
    env: dict[str, str]
    capsys: pytest.CaptureFixture[str]

    def __post_init__(self) -> None:
        self.state = Path(self.env["CCSYNC_WATCH_HOME"])
        self.claude = self.home / ".claude"
        self.root = self.claude / "plugins" / "cache" / "market" / "claude-code-sync" / "0.2.0"
        self.bin = self.home / "bin"
        self.bin.mkdir()
        self.env["PATH"] = f"{self.bin}:/usr/bin:/bin"
        shutil.copytree(PLUGIN, self.root)
        entry = {"scope": "user", "installPath": str(self.root), "version": __version__}
        self.write("plugins/installed_plugins.json", {"version": 2, "plugins": {ID: [entry]}})
        self.write("settings.json", {"enabledPlugins": {ID: True}})
        self.program("claude", "2.1.332 (Claude Code)")
        self.program("ccsync-watch", f"ccsync-watch {__version__}")
        for event in HOOK_EVENTS:
            self.ran(event)

    def write(self, name: str, content: object) -> None:
        """Write one of the client's files."""
        path = self.claude / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))

    def program(self, name: str, answer: str, *, code: int = 0) -> Path:
        """Put a program on PATH that prints this."""
        path = self.bin / name
        path.write_text(f"#!/bin/sh\necho '{answer}'\necho 'it broke' >&2\nexit {code}\n")
        path.chmod(0o755)
        return path

    def ran(
        self,
        event: str,
        *,
        version: str = __version__,
        client: str = CLIENT,
        folder: Path | None = None,
        data: str = "",
    ) -> None:
        """Have a hook run, from the plugin's own folder or another."""
        self.state.mkdir(parents=True, exist_ok=True)
        lines = f"{version}\n{client}\n{folder or self.root}\n"
        (self.state / f"hook.{event}").write_text(f"{lines}{data}\n" if data else lines)

    def add_market(self, folder: Path, kind: str) -> None:
        """Have the client know the marketplace, in this folder."""
        market = {"source": {"source": kind}, "installLocation": str(folder)}
        self.write("plugins/known_marketplaces.json", {"claude-code-sync": market})

    def uninstall(self) -> None:
        """Have the client forget the plugin, as it does: its copy stays for a while."""
        self.write("plugins/installed_plugins.json", {"version": 2, "plugins": {}})

    def report(self) -> tuple[dict[str, Any], int]:
        """Return what `doctor --json` prints, and its exit code."""
        code = main(("doctor", "--json"), self.env)
        output = self.capsys.readouterr()
        assert output.err == ""
        report: dict[str, Any] = json.loads(output.out)
        return report, code

    def codes(self) -> set[str]:
        """Return the codes of the causes that it names."""
        return {problem["code"] for problem in self.report()[0]["problems"]}


@pytest.fixture
def patient(env: dict[str, str], capsys: pytest.CaptureFixture[str]) -> Iterator[Patient]:
    """Return a home in which everything is well but that no daemon runs."""
    with tempfile.TemporaryDirectory(prefix="t-") as state:
        env["CCSYNC_WATCH_HOME"] = state
        yield Patient(Path(env["HOME"]), env, capsys)


async def _answer(_request: Request) -> Response:
    return Response()


def test_nothing_is_wrong(patient: Patient) -> None:
    """Then every connection is named, and the exit code is 0."""
    folder = StateFolder(patient.state)
    with folder.serve(_answer, version=__version__):
        report, code = patient.report()
        assert (report["problems"], code) == ([], 0)
        assert main(("doctor",), patient.env) == 0
    text = patient.capsys.readouterr().out
    for line in (
        "Claude Code  2.1.332, 2.1.332 at the last hook",
        f"plugin       {__version__}, ~/.claude/plugins/cache/market/claude-code-sync/0.2.0, {ID}",
        f"program      {__version__}, {patient.bin}/ccsync-watch, found on PATH",
        f"daemon       {__version__}, running (process {os.getpid()})",
    ):
        assert line in text.splitlines()
    assert "hook         Stop: ran just now" in text or "hook         Stop: ran 0" in text
    assert "not registered" not in text


def test_an_empty_home(env: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is there, and nothing raises."""
    env["PATH"] = "/nowhere"
    assert main(("doctor", "--json"), env) == 1
    codes = {problem["code"] for problem in json.loads(capsys.readouterr().out)["problems"]}
    assert codes == {"client-not-found", "plugin-not-installed", "daemon-not-running"}


@pytest.mark.parametrize("is_running", [True, False])
def test_a_running_daemon_is_not_to_be_started(patient: Patient, *, is_running: bool) -> None:
    """Without the plugin the user started it."""
    patient.uninstall()
    with contextlib.ExitStack() as stack:
        if is_running:
            stack.enter_context(StateFolder(patient.state).serve(_answer, version=__version__))
        problems = patient.report()[0]["problems"]
    hint = next(item["hint"] for item in problems if item["code"] == "plugin-not-installed")
    assert ("ccsync-watch start" in hint) != is_running


@pytest.mark.parametrize(
    "name", ["settings.json", "plugins/installed_plugins.json", "../.claude-code-sync.json"]
)
@pytest.mark.parametrize("content", ["", "{", "[1]", "\ufffd\0", '{"plugins": 7}'])
def test_damaged_files_are_named(patient: Patient, name: str, content: str) -> None:
    """What does not depend on them is reported all the same."""
    patient.write(name, content)
    report, code = patient.report()
    codes = {problem["code"] for problem in report["problems"]}
    if "plugins" not in content:
        assert codes & {"client-file-unreadable", "settings-wrong"}
        assert code == 1
    assert report["program"]["rule"] == "path"


@pytest.mark.parametrize("path", ["/x" * 4000, f"/{'x' * 300}", "/a\0b", "\x1b[31m"])
def test_any_path_in_a_damaged_file(patient: Patient, path: str) -> None:
    """A plugin there is incomplete, whatever the system says of such a path."""
    entries = [{"installPath": path}, {"installPath": 7}, None]
    patient.write("plugins/installed_plugins.json", {"plugins": {ID: entries, "other": path}})
    (patient.state / "hook.Stop").write_text(f"{__version__}\n{CLIENT}\n{path}\n")
    assert "plugin-folder-missing" in patient.codes()


def test_what_is_not_a_file_is_not_waited_for(patient: Patient) -> None:
    """It is named as a file that cannot be read."""
    for path in (patient.claude / "settings.json", patient.root / ".claude-plugin/plugin.json"):
        path.unlink()
        os.mkfifo(path)
    assert "client-file-unreadable" in patient.codes()


def test_damaged_state_is_no_failure(patient: Patient) -> None:
    """The hooks' files are not written whole, and may be of anybody."""
    (patient.state / "hook.Stop").write_bytes(b"")
    (patient.state / "hook.SessionEnd").write_bytes(b"\xff\xfe\n" * 10_000)
    (patient.state / "hook.UserPromptExpansion").unlink()
    (patient.state / "hook.UserPromptExpansion").mkdir()
    os.mkfifo(patient.state / "hook.program")
    (patient.state / "daemon.json").write_text("{")
    assert patient.codes() == {"daemon-not-running"}
    assert set(read_hook_runs(patient.state)) == {"SessionStart", "Stop", "SessionEnd"}


def test_the_client_is_too_old(patient: Patient) -> None:
    """It has no plugins, or cannot do everything with one."""
    for client, expected in (
        ("claude-code/1.0.88/x", {"client-without-plugins"}),
        ("claude-code/2.0.76/x", {"client-refuses-commands"}),
        ("claude-code/2.1.160/x", {"client-prints-no-answer"}),
        ("something else", set()),
    ):
        for event in HOOK_EVENTS:
            patient.ran(event, client=client)
        assert patient.codes() - {"daemon-not-running"} == expected


def test_the_plugin_is_switched_off_or_gone(patient: Patient) -> None:
    """By the user, or by somebody who emptied the client's cache."""
    patient.write("settings.json", {"enabledPlugins": {ID: False}})
    assert "plugin-disabled" in patient.codes()
    shutil.rmtree(patient.root)
    assert {"plugin-disabled", "plugin-folder-missing"} <= patient.codes()


def test_the_format_of_older_clients(patient: Patient) -> None:
    """They have one entry for each plugin."""
    entry = {"version": __version__, "installPath": str(patient.root)}
    patient.write("plugins/installed_plugins.json", {"version": 1, "plugins": {ID: entry}})
    assert patient.report()[0]["plugins"][0]["name"] == ID


def test_hooks_are_switched_off(patient: Patient) -> None:
    """In the client's settings, by which no hook runs any more."""
    patient.write("settings.json", {"disableAllHooks": True})
    assert "hooks-disabled" in patient.codes()


def test_no_hook_ever_ran(patient: Patient) -> None:
    """Though the plugin is there."""
    for event in HOOK_EVENTS:
        (patient.state / f"hook.{event}").unlink()
    assert "hooks-never-ran" in patient.codes()


def test_a_session_uses_an_older_plugin(patient: Patient) -> None:
    """It was started before the update."""
    patient.ran("SessionStart", version="0.0.1")
    assert "hooks-of-another-version" in patient.codes()


def test_an_update_is_one_plugin_of_two_versions(patient: Patient) -> None:
    """The hooks of a session that runs on are not those of a plugin from a folder."""
    updated = patient.root.with_name("99.0.0")
    shutil.copytree(patient.root, updated)
    manifest = updated / ".claude-plugin" / "plugin.json"
    manifest.write_text(manifest.read_text().replace(__version__, "99.0.0"))
    entry = {"scope": "user", "installPath": str(updated), "version": "99.0.0"}
    patient.write("plugins/installed_plugins.json", {"version": 2, "plugins": {ID: [entry]}})
    report, _ = patient.report()
    assert [(row["name"], row["version"]) for row in report["plugins"]] == [(ID, "99.0.0")]
    codes = {problem["code"] for problem in report["problems"]}
    assert {"hooks-of-another-version", "program-outdated"} <= codes


@pytest.mark.parametrize("data", ["", "claude-code-sync-claude-code-sync"])
def test_a_marketplace_that_is_a_folder(patient: Patient, data: str) -> None:
    """The client loads the plugin from there, and its copy is not another plugin."""
    patient.add_market(ROOT, "directory")
    for event in HOOK_EVENTS:
        patient.ran(event, folder=PLUGIN, data=data)
    rows = patient.report()[0]["plugins"]
    assert [(row["name"], row["folder"]) for row in rows] == [(ID, str(ROOT))]
    patient.ran("Stop", folder=PLUGIN, data="claude-code-sync-inline")
    assert [row["name"] for row in patient.report()[0]["plugins"]] == [None, ID]


@pytest.mark.parametrize("is_listed", [True, False])
def test_an_old_client_loads_its_clone(patient: Patient, *, is_listed: bool) -> None:
    """The oldest ones have no list of installed plugins, and no copy of each."""
    clone = patient.claude / "plugins" / "marketplaces" / "claude-code-sync"
    shutil.copytree(PLUGIN, clone / "plugin")
    manifests = clone / ".claude-plugin"
    shutil.copytree(ROOT / ".claude-plugin", manifests)
    patient.add_market(clone, "git")
    if not is_listed:
        (patient.claude / "plugins" / "installed_plugins.json").unlink()
    for event in HOOK_EVENTS:
        patient.ran(event, folder=Path(f"{clone}//plugin"))
    rows = patient.report()[0]["plugins"]
    assert [(row["name"], row["folder"]) for row in rows] == [(ID, str(clone))]
    patient.write("settings.json", {"enabledPlugins": {ID: False}})
    patient.uninstall()
    assert "plugin-not-installed" in patient.codes()


@pytest.mark.parametrize(
    ("folder", "data"), [(None, ""), (PLUGIN, "claude-code-sync-claude-code-sync")]
)
def test_a_plugin_that_was_uninstalled(patient: Patient, folder: Path | None, data: str) -> None:
    """Nothing starts the daemon any more, though its hooks ran a moment ago."""
    patient.uninstall()
    for event in HOOK_EVENTS:
        patient.ran(event, folder=folder, data=data)
    problems = {row["code"]: row for row in patient.report()[0]["problems"]}
    assert "no Claude folder has it any more" in problems["plugin-not-installed"]["detail"]
    assert problems["daemon-not-running"]["hint"] == "start it with `ccsync-watch start`"


def test_a_hook_has_just_begun_to_start_the_daemon(patient: Patient) -> None:
    """Nothing is wrong then, unless it found no program, or a minute has passed."""
    marker = patient.state / STARTING_NAME
    marker.touch()
    assert patient.codes() == {"daemon-starting"}
    (patient.state / "hook.program").write_text("\n\nnone\n")
    assert {"daemon-not-running", "program-not-found-by-hook"} <= patient.codes()
    (patient.state / "hook.program").write_text("path\n/x/ccsync-watch\nnone\n")
    assert patient.codes() == {"daemon-starting"}
    old = time.time() - 2 * STARTING_SECONDS
    os.utime(marker, (old, old))
    assert patient.codes() == {"daemon-not-running"}


def test_the_reason_why_uv_failed_is_named(patient: Patient) -> None:
    """It is in the log of the attempt."""
    (patient.bin / "ccsync-watch").unlink()
    patient.program("uv", "")
    for event in HOOK_EVENTS:
        patient.ran(event, folder=PLUGIN, data="claude-code-sync-inline")
    (patient.state / "program").mkdir()
    assert "not installed" in _problem(patient, "program-not-found")["detail"]
    (patient.state / "program" / "log").write_text("error: Hash mismatch\nmore\n")
    assert _problem(patient, "program-not-found")["detail"].endswith(": error: Hash mismatch")
    assert _problem(patient, "program-not-found")["hint"].startswith("check the network; ")
    (patient.state / "program" / "log").write_text(
        "error: No interpreter found for Python >=3.10\n"
    )
    assert "`uv python install`" in _problem(patient, "program-not-found")["hint"]


@pytest.mark.skipif(os.name != "posix", reason="no such permissions there")
def test_a_copy_that_others_can_change_is_named(patient: Patient, tmp_path: Path) -> None:
    """The plugin does not run it; nothing is missing."""
    (patient.bin / "ccsync-watch").unlink()
    repository = tmp_path / "repository"
    shutil.copytree(PLUGIN, repository / "plugin")
    (repository / "ccsync_watch").mkdir()
    (repository / "ccsync_watch" / "__main__.py").touch()
    for name in ("pyproject.toml", "uv.lock"):
        shutil.copy(PLUGIN.parent / name, repository)
    for event in HOOK_EVENTS:
        patient.ran(event, folder=repository / "plugin", data="claude-code-sync-inline")
    (repository / "uv.lock").chmod(0o666)
    problem = _problem(patient, "program-not-found")
    assert problem["detail"].startswith("others than this user and root can change")
    assert "`chmod -R go-w`" in problem["hint"]


def _problem(patient: Patient, code: str) -> dict[str, str]:
    problems = patient.report()[0]["problems"]
    return next(dict(row) for row in problems if row["code"] == code)


def test_the_program_is_missing_or_broken(patient: Patient) -> None:
    """By the same rules as the plugin's, whose script is asked."""
    patient.program("ccsync-watch", "", code=3)
    report, _ = patient.report()
    problem = next(row for row in report["problems"] if row["code"] == "program-fails")
    assert problem["detail"] == f"{patient.bin}/ccsync-watch: it broke"
    (patient.bin / "ccsync-watch").unlink()
    assert "program-not-found" in patient.codes()
    patient.env["CCSYNC_WATCH_COMMAND"] = "/nowhere/at/all"
    report, _ = patient.report()
    assert report["program"]["absence"] == "override"


def test_nothing_is_downloaded_to_find_out(patient: Patient) -> None:
    """The package of that name is not asked for its version."""
    (patient.bin / "ccsync-watch").unlink()
    for name in ("uv", "uvx"):
        patient.program(name, "called").write_text(f'#!/bin/sh\ntouch "{patient.home}/called"\n')
    patient.env["CCSYNC_WATCH_UVX"] = "true"
    assert patient.report()[0]["program"]["rule"] == "uvx"
    assert not (patient.home / "called").exists()


def test_the_hook_has_another_path(patient: Patient) -> None:
    """What the terminal finds, a client that was started from a desktop did not."""
    (patient.state / "hook.program").write_text("\n\nnone\n")
    assert "program-not-found-by-hook" in patient.codes()
    (patient.state / "hook.program").write_text("path\n/x/ccsync-watch\nnone\n")
    assert "program-not-found-by-hook" not in patient.codes()


@pytest.mark.parametrize("version", ["0.0.1", "99.0.0"])
def test_the_daemon_is_of_another_version(patient: Patient, version: str) -> None:
    """An older one is replaced by the next start."""
    with StateFolder(patient.state).serve(_answer, version=version):
        assert patient.codes() == {"daemon-version"}


def test_the_events_that_a_plugin_registers() -> None:
    """In both layouts, from all files that its manifest names."""
    assert events_of(PLUGIN) == events_of(ROOT) == sorted(HOOK_EVENTS)
