"""Which program the plugin's scripts run, and that nothing else is downloaded or run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support.ccsync_program.plugin_home import PLUGIN, ROOT, hook_commands
from support.waiting import WAIT_SECONDS, wait_until

SESSION = "11111111-2222-4333-8444-555555555555"
SHELLS = [name for name in ("dash", "bash", "busybox", "mksh") if shutil.which(name)]
ODD = 'it\'s "odd" $HOME `id` ü'
# Stands for a program: adds a line with how it was called, and what it inherited of importance.
_RECORDER = """#!/bin/sh
printf '%s in %s with %s:' "${0##*/}" "$PWD" "${ANTHROPIC_API_KEY:-nothing}" >>"{calls}"
printf ' %s' "$@" >>"{calls}"
echo >>"{calls}"
exit {code}
"""
# As `uv sync` does, makes an environment whose Python is a recorder.
_UV = """
site="$UV_PROJECT_ENVIRONMENT/lib/python3.11/site-packages"
mkdir -p "$site" "$UV_PROJECT_ENVIRONMENT/bin" && cp "{python}" "$UV_PROJECT_ENVIRONMENT/bin/python"
"""
# What the scripts run, under any path.
_TOOLS = [
    "cat", "chmod", "cksum", "cp", "dirname", "find", "grep", "id", "mkdir", "mv", "rm", "sed",
    "setsid", "sh", "sort", "tr",
]  # fmt: skip
_SYNC = "sync --quiet --frozen --no-build --no-dev --no-install-project --no-python-downloads"


@dataclass
class Scripts:
    """The plugin's scripts in an empty home, with recorders in place of the programs."""

    root: Path
    shell: str = "sh"
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.calls_file = self.root / "calls"
        self.bin = self.root / "bin"
        self.home = self.root / "home"
        self.session = self.root / "session"
        self.repository = self.root / ODD / "repository"
        self.plugin = self.repository / "plugin"
        for folder in (self.bin, self.home, self.session):
            folder.mkdir()
        shutil.copytree(PLUGIN, self.plugin)
        self.env = {
            "PATH": f"{self.bin}:/usr/bin:/bin",
            "HOME": str(self.home),
            "CCSYNC_WATCH_HOME": str(self.root / "state"),
            "CLAUDE_PLUGIN_ROOT": str(self.plugin),
            "CLAUDE_CODE_SESSION_ID": SESSION,
            "ANTHROPIC_API_KEY": "made-up",
            **self.env,
        }

    @property
    def state(self) -> Path:
        """The state folder."""
        return self.root / "state"

    def record(self, path: Path, *, code: int = 0, more: str = "") -> Path:
        """Put a recorder there."""
        path.parent.mkdir(parents=True, exist_ok=True)
        text = _RECORDER.replace("{calls}", str(self.calls_file)).replace("exit {code}", more)
        path.write_text(f"{text}exit {code}\n")
        path.chmod(0o755)
        return path

    def record_uv(self, *, code: int = 0) -> None:
        """Put a `uv` on PATH that makes environments, or fails."""
        python = self.record(self.root / "python")
        self.record(
            self.bin / "uv", code=code, more="" if code else _UV.replace("{python}", str(python))
        )
        self.record(self.bin / "uvx")

    def add_copy(self, repository: Path | None = None) -> Path:
        """Make a folder the repository that contains the program; return it."""
        folder = repository or self.repository
        if not (folder / "plugin").exists():
            shutil.copytree(PLUGIN, folder / "plugin")
        (folder / "ccsync_watch").mkdir()
        (folder / "ccsync_watch" / "__main__.py").write_text("# the program\n")
        for name in ("pyproject.toml", "uv.lock"):
            shutil.copy(ROOT / name, folder)
        return folder

    def run(self, script: str, *words: str, stdin: str = "") -> str:
        """Run one of the plugin's scripts as the client does; return its output."""
        shell = [self.shell, "sh"] if self.shell == "busybox" else [self.shell]
        completed = subprocess.run(
            [*shell, *words]
            if words[:1] == ("-c",)
            else [*shell, str(self.plugin / script), *words],
            env=self.env,
            cwd=self.session,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=WAIT_SECONDS,
            check=False,
        )
        assert (completed.returncode, completed.stderr) == (0, "")
        return completed.stdout

    def start(self) -> list[str]:
        """Run what a SessionStart hook runs in the background; return what it called."""
        self.run("hooks/start.sh")
        return self.calls()

    def answer(self, command: str = "sync-status") -> str:
        """Ask the UserPromptExpansion hook; return the reason, empty if it printed nothing."""
        request = {"session_id": SESSION, "command_name": f"claude-code-sync:{command}"}
        out = self.run("", "-c", hook_commands()["UserPromptExpansion"], stdin=json.dumps(request))
        return str(json.loads(out)["reason"]) if out else ""

    def fire(self, event: str) -> None:
        """Run a hook."""
        fields = {"session_id": SESSION, "hook_event_name": event}
        assert self.run("", "-c", hook_commands()[event], stdin=f"{json.dumps(fields)}\n") == ""

    def calls(self) -> list[str]:
        """Return what was called since the last time."""
        lines = self.calls_file.read_text().splitlines() if self.calls_file.exists() else []
        self.calls_file.unlink(missing_ok=True)
        return lines

    def environment(self) -> Path:
        """Return the only environment that was made."""
        (environment,) = (path for path in (self.state / "program").iterdir() if path.is_dir())
        return environment


@pytest.fixture(params=SHELLS)
def scripts(tmp_path: Path, request: pytest.FixtureRequest) -> Scripts:
    """Return the scripts, run by each shell."""
    return Scripts(tmp_path, request.param)


def test_the_override_comes_first(scripts: Scripts) -> None:
    """Also as a path below the home folder."""
    for name in ("uv", "uvx", "ccsync-watch"):
        scripts.record(scripts.bin / name)
    program = scripts.record(scripts.home / "my program")
    for text in (str(program), "~/my program"):
        scripts.env["CCSYNC_WATCH_COMMAND"] = text
        assert scripts.start() == ["my program in / with nothing: start --from-hook"]


def test_an_override_that_is_not_there_is_not_replaced(scripts: Scripts) -> None:
    """The user wants that program, and no other."""
    scripts.record(scripts.bin / "ccsync-watch")
    scripts.add_copy()
    scripts.record_uv()
    scripts.env["CCSYNC_WATCH_COMMAND"] = "/nowhere/ccsync-watch"
    assert scripts.start() == []
    assert "CCSYNC_WATCH_COMMAND is /nowhere/ccsync-watch" in scripts.answer()
    assert "CCSYNC_WATCH_COMMAND is /nowhere/ccsync-watch" in scripts.run(
        "bin/ccsync-plugin", "status"
    )


@pytest.mark.parametrize(
    "place",
    [
        "bin/ccsync-watch",
        "home/.local/bin/ccsync-watch",
        "home/Library/Python/3.12/bin/ccsync-watch",
        "home/.local/share/uv/tools/ccsync-watch/bin/ccsync-watch",
        "home/.local/share/pipx/venvs/ccsync-watch/bin/ccsync-watch",
        "home/.local/pipx/venvs/ccsync-watch/bin/ccsync-watch",
    ],
)
def test_an_installed_program_comes_before_the_copy(scripts: Scripts, place: str) -> None:
    """On PATH, where installers put programs, and in the environments that they make."""
    scripts.add_copy()
    scripts.record_uv()
    scripts.record(scripts.root / place)
    assert scripts.start() == ["ccsync-watch in / with nothing: start --from-hook"]
    assert scripts.answer() == ""
    assert len(scripts.calls()) == 1


@pytest.mark.parametrize(
    ("variable", "place"),
    [
        ("UV_TOOL_BIN_DIR", ""),
        ("XDG_BIN_HOME", ""),
        ("PIPX_BIN_DIR", ""),
        ("UV_TOOL_DIR", "ccsync-watch/bin"),
        ("XDG_DATA_HOME", "uv/tools/ccsync-watch/bin"),
        ("PIPX_HOME", "venvs/ccsync-watch/bin"),
    ],
)
def test_the_installers_folders_are_those_of_their_variables(
    scripts: Scripts, variable: str, place: str
) -> None:
    """As the installers read them."""
    folder = scripts.root / ODD / "installed"
    scripts.record(folder / place / "ccsync-watch")
    scripts.env[variable] = str(folder)
    assert scripts.start() == ["ccsync-watch in / with nothing: start --from-hook"]


def test_nothing_is_downloaded_where_no_program_is(scripts: Scripts) -> None:
    """With uv and uvx on PATH, and by none of the scripts; the commands say what to install."""
    scripts.record_uv()
    for event in ("SessionStart", "Stop", "SessionEnd"):
        scripts.fire(event)
    assert scripts.start() == []
    for command in ("status", "now"):
        for text in (scripts.answer(f"sync-{command}"), scripts.run("bin/ccsync-plugin", command)):
            assert "ccsync-watch is not installed" in text
            assert "uv tool install` with the path" in text
    assert "ccsync-watch is not installed" in scripts.run("bin/ccsync-plugin", "doctor")
    assert scripts.calls() == []
    assert not (scripts.state / "program").exists()


def test_a_program_in_the_sessions_folder_is_not_run(scripts: Scripts) -> None:
    """Even where PATH has a relative folder: whoever wrote the project could have put it there."""
    for name in ("ccsync-watch", "uv", "uvx", "bin/ccsync-watch", *_TOOLS):
        scripts.record(scripts.session / name)
    path = scripts.env["PATH"]
    for scripts.env["PATH"] in (f".:{path}:bin", f":{path}", f"bin:.::{path}"):
        assert scripts.start() == []
        assert "is not installed" in scripts.answer()
        for script in ("bin/ccsync-plugin", ".claude-plugin/ccsync-plugin"):
            assert "is not installed" in scripts.run(script, "status")
        for event in ("SessionStart", "Stop", "SessionEnd"):
            scripts.fire(event)
        wait_until((scripts.state / "hook.program").exists, "the hook's start has ended")
        shutil.rmtree(scripts.state)
        assert scripts.calls() == []


@pytest.mark.parametrize(("value", "is_run"), [("true", True), ("1", True), ("false", False)])
def test_the_published_package_is_run_only_if_the_user_wants_it(
    scripts: Scripts, value: str, *, is_run: bool
) -> None:
    """Whoever owns its name on the index decides what that runs."""
    scripts.record_uv()
    scripts.env["CCSYNC_WATCH_UVX"] = value
    calls = scripts.start()
    assert len(calls) == is_run
    assert all(
        call.startswith("uvx in / with nothing: --quiet --from ccsync-watch==") for call in calls
    )


def test_the_copy_runs_in_an_environment_of_its_lock_file(scripts: Scripts) -> None:
    """It is made once, from copies of the two files that say what is in it."""
    scripts.add_copy()
    scripts.record_uv()
    sync, start = scripts.start()
    assert sync.startswith(f"uv in / with nothing: {_SYNC} --project {scripts.state}/program/new.")
    environment = scripts.environment()
    expected = f"python in / with nothing: {environment}/command/ccsync-watch start --from-hook"
    assert start == expected
    assert (environment / "lib/python3.11/site-packages/ccsync_watch/__main__.py").is_file()
    assert scripts.start() == [expected]
    assert sorted(path.name for path in (scripts.state / "program").iterdir()) == [
        environment.name,
        "ccsync-watch",
    ]
    assert scripts.state.stat().st_mode & 0o077 == 0


def test_the_environment_outlives_the_plugins_folder(scripts: Scripts) -> None:
    """An update replaces that folder while a daemon runs; a changed copy gets its own."""
    repository = scripts.add_copy()
    scripts.record_uv()
    scripts.start()
    first = scripts.environment()
    (repository / "ccsync_watch" / "__main__.py").write_text("# changed\n")
    sync, start = scripts.start()
    assert sync.startswith("uv in /")
    assert str(first) not in start
    assert first.exists()
    shutil.rmtree(repository)
    command = scripts.state / "program" / "ccsync-watch"
    subprocess.run([command, "status"], check=True)
    assert scripts.calls()[0].endswith("command/ccsync-watch status")


def test_an_environment_whose_python_was_removed_is_made_again(scripts: Scripts) -> None:
    """Its interpreter belongs to somebody else."""
    scripts.add_copy()
    scripts.record_uv()
    scripts.start()
    python = scripts.environment() / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python")
    sync, start = scripts.start()
    assert sync.startswith("uv in /")
    assert start.endswith("start --from-hook")


def test_the_commands_do_not_wait_for_the_packages(scripts: Scripts) -> None:
    """They have them installed, and say so; the next one is answered by the program."""
    scripts.add_copy()
    scripts.record_uv()
    assert "uv is installing the packages" in scripts.answer("sync-now")
    wait_until((scripts.state / "program" / "ccsync-watch").exists, "they are installed")
    wait_until(lambda: "start --from-hook" in scripts.calls_file.read_text(), "it is started")
    scripts.calls()
    assert scripts.answer("sync-now") == ""
    (call,) = scripts.calls()
    assert "command/ccsync-watch plugin-command --plugin-version" in call


@pytest.mark.parametrize(
    ("failure", "fix"),
    [
        ('error: "hash" mismatch', "check the network; "),
        (
            "error: No interpreter found for Python >=3.10 in managed installations",
            "install Python 3.10 or later, such as with `uv python install`; ",
        ),
    ],
)
def test_what_prevents_installing_the_packages_is_said(
    scripts: Scripts, failure: str, fix: str
) -> None:
    """Nothing is run then; the next session tries again."""
    scripts.add_copy()
    scripts.record(scripts.bin / "uv", code=1, more=f"echo '{failure}' >&2\n")
    assert len(scripts.start()) == 1
    assert [path.name for path in (scripts.state / "program").iterdir()] == ["log"]
    text = scripts.run("bin/ccsync-plugin", "status")
    assert f"could not install the packages of ccsync-watch's lock file:\n  {failure}\n" in text
    assert f"  → {fix}" in text
    wait_until(lambda: bool(scripts.calls()), "it is tried again")


def test_a_failure_without_words_is_not_called_a_start(scripts: Scripts) -> None:
    """As on a full disk, where not even the log can be written."""
    scripts.add_copy()
    scripts.record(scripts.bin / "uv", code=1)
    assert len(scripts.start()) == 1
    text = scripts.run("bin/ccsync-plugin", "status")
    assert "uv could not install the packages" in text
    assert "  → check that the disk has space; it is tried again now" in text
    wait_until(lambda: bool(scripts.calls()), "it is tried again")


def test_a_sessions_python_variables_are_not_the_programs(scripts: Scripts) -> None:
    """With the modules and the Python of a project it may not start, or run other code."""
    program = scripts.bin / "ccsync-watch"
    program.write_text('#!/bin/sh\nprintf \'{"reason": "%s"}\' "$(env | grep ^PYTHON)"\n')
    program.chmod(0o755)
    scripts.env |= {"PYTHONPATH": "/project", "PYTHONHOME": "x\nexport PATH=/nowhere", "X": "1"}
    assert scripts.answer() == ""
    assert scripts.run("bin/ccsync-plugin", "status") == '{"reason": ""}'


def test_without_uv_the_copy_is_not_run(scripts: Scripts) -> None:
    """Nor is Python called by itself: it would not have the packages."""
    scripts.add_copy()
    assert scripts.start() == []
    assert "the plugin contains ccsync-watch, and uv" in scripts.answer()


def test_nothing_is_installed_where_autostart_is_off(scripts: Scripts) -> None:
    """Unless the user asks for the program by one of the commands."""
    scripts.add_copy()
    scripts.record_uv()
    (scripts.home / ".claude-code-sync.json").write_text('{\n  "autostart" : false\n}')
    assert scripts.start() == []
    assert "uv is installing the packages" in scripts.answer()
    wait_until((scripts.state / "program" / "ccsync-watch").exists, "they are installed")


def test_one_process_installs_the_packages(scripts: Scripts) -> None:
    """A second one leaves it alone, unless the first has died."""
    scripts.add_copy()
    scripts.record_uv()
    lock = scripts.state / "program" / "preparing"
    lock.parent.mkdir(parents=True)
    lock.write_text(f"{os.getpid()}\n")
    assert scripts.start() == []
    assert "uv is installing" in scripts.run("bin/ccsync-plugin", "status")
    lock.write_text("4194305\n")
    assert len(scripts.start()) == 2
    assert not lock.exists()


@pytest.mark.parametrize("layout", ["{}", "{}/plugin"])
def test_the_repository_that_the_plugin_was_installed_from(scripts: Scripts, layout: str) -> None:
    """A plugin that was installed without the program: the client knows where its source is."""
    plugins = scripts.home / ".claude" / "plugins"
    installed = plugins / "cache" / "market" / "claude-code-sync" / "0.2.0"
    repository = scripts.add_copy(scripts.root / "clone of it")
    shutil.copytree(PLUGIN, layout.format(installed))
    markets = {
        name: {"source": {"source": "directory"}, "installLocation": str(path)}
        for name, path in (("a", "/nowhere"), ("market", repository), ("z", "/elsewhere"))
    }
    scripts.plugin = Path(layout.format(installed))
    scripts.record_uv()
    for indent in (2, None):
        text = json.dumps(markets, indent=indent)
        (plugins / "known_marketplaces.json").write_text(text)
        assert scripts.start()[-1].endswith("command/ccsync-watch start --from-hook")
        shutil.rmtree(scripts.state)
    for text in ("", "{", json.dumps({"z": markets["z"]}), json.dumps({"market": 7})):
        (plugins / "known_marketplaces.json").write_text(text)
        assert scripts.start() == []


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("name", ["pyproject.toml", "uv.lock", "ccsync_watch"])
def test_a_copy_of_another_users_is_not_run(scripts: Scripts, name: str) -> None:
    """The folder around a plugin may be one that everybody can write to."""
    repository = scripts.add_copy()
    scripts.record_uv()
    os.chown(repository / name, 12345, 12345)
    assert scripts.start() == []


@pytest.mark.parametrize(
    "name",
    ["", "pyproject.toml", "uv.lock", "ccsync_watch", "ccsync_watch/__main__.py"],
)
def test_a_copy_that_others_can_change_is_not_run(scripts: Scripts, name: str) -> None:
    """Whoever owns it; a group of the user's own is not another user."""
    repository = scripts.add_copy()
    scripts.record_uv()
    path = repository / name
    mode = path.stat().st_mode
    path.chmod(mode | 0o002)
    assert scripts.start() == []
    path.chmod(mode | 0o020)
    assert scripts.start()[-1].endswith("command/ccsync-watch start --from-hook")
    if os.getuid() == 0:
        shutil.rmtree(scripts.state)
        os.chown(path, 0, 12345)
        assert scripts.start() == []
    path.chmod(mode | 0o002)
    assert f"can change the plugin's copy of ccsync-watch,\n  so it is not run: {repository}\n" in (
        scripts.answer()
    )


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_nothing_in_another_users_state_folder_is_run(scripts: Scripts) -> None:
    """Whoever owns it knows the name of the environment, and could have put one there."""
    scripts.add_copy()
    scripts.record_uv()
    assert scripts.start() != []
    os.chown(scripts.state, 12345, 12345)
    assert scripts.start() == []
    for text in (scripts.answer(), scripts.run("bin/ccsync-plugin", "now")):
        assert "no state folder belongs to you" in text
    before = sorted(path.name for path in scripts.state.iterdir())
    for event in ("SessionStart", "Stop", "SessionEnd"):
        scripts.fire(event)
    assert sorted(path.name for path in scripts.state.iterdir()) == before
    assert scripts.calls() == []


def test_the_copy_around_a_plugin_that_a_link_leads_to(scripts: Scripts) -> None:
    """Not what is around the link: whose that is was not asked."""
    scripts.add_copy()
    scripts.record_uv()
    scripts.plugin = scripts.root / "elsewhere" / "plugin"
    scripts.plugin.parent.mkdir()
    scripts.plugin.symlink_to(scripts.repository / "plugin")
    assert scripts.start()[-1].endswith("command/ccsync-watch start --from-hook")


def test_a_home_folder_with_a_colon_adds_nothing_else_to_path(scripts: Scripts) -> None:
    """What follows the colon would be a folder of its own."""
    other = scripts.root / "other"
    scripts.record(other / ".local" / "bin" / "ccsync-watch")
    scripts.record(other / "ccsync-watch")
    for variable in ("HOME", "XDG_BIN_HOME"):
        scripts.env[variable] = f"{scripts.root}/x:{other}"
    assert scripts.start() == []


def test_what_another_program_prints_is_not_an_answer(scripts: Scripts) -> None:
    """The client would show neither it nor what prevents an answer."""
    scripts.record(scripts.bin / "ccsync-watch", code=1, more="echo usage: something else; ")
    assert "does not run, or is of another version" in scripts.answer()


def test_a_program_that_does_not_run_is_named(scripts: Scripts) -> None:
    """It is there, but broken, or so old that it does not know the command."""
    program = scripts.record(scripts.bin / "ccsync-watch", code=2)
    for text in (scripts.answer(), scripts.run("bin/ccsync-plugin", "status")):
        assert f"{program} does not run, or is of another version" in text
