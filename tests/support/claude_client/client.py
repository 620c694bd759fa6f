"""Run the real client in a temporary home, against a scripted API.

`ClaudeHome` isolates it: of the user's environment only PATH reaches the client, all its files are
under one root, and the scripted API rejects any request to an address other than loopback.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from support.claude_client.install import installed_client
from support.claude_client.rows import Row, read_rows
from support.claude_client.running import BackgroundRun, CompletedRun
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

API_KEY = "sk-ant-api03-made-up-key-of-the-tests-0123456789"

SKIP_PERMISSIONS = "--dangerously-skip-permissions"
"""The argument that lets the client call any tool without asking."""


@dataclass
class ClaudeHome:
    """A temporary HOME for the client under `root`, set up so that it asks no questions.

    `extra_env` is laid over the scrubbed environment, for instance CLAUDE_CONFIG_DIR. The oldest
    clients do not take the id of a new session as an argument.
    """

    root: Path
    api_url: str
    extra_env: Mapping[str, str] = field(default_factory=dict)
    binary: Path = field(default_factory=installed_client)
    takes_session_id: bool = True
    _started: list[BackgroundRun] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        """Create the folders and settings that do not exist yet."""
        for folder in (self.home, self.workdir, self.config_dir, self.root / "tmp"):
            folder.mkdir(parents=True, exist_ok=True)
        if not self._state_file.exists():
            self._write_state({})
        settings = self.config_dir / "settings.json"
        if not settings.exists():
            settings.write_text(json.dumps({"skipDangerousModePermissionPrompt": True}))
        self.trust(self.workdir)

    @property
    def home(self) -> Path:
        """The client's HOME."""
        return self.root / "home"

    @property
    def workdir(self) -> Path:
        """The project folder in which the client runs by default."""
        return self.root / "project"

    @property
    def config_dir(self) -> Path:
        """The folder of settings and transcripts: HOME/.claude, or CLAUDE_CONFIG_DIR if set."""
        folder = self.extra_env.get("CLAUDE_CONFIG_DIR")
        return self.home / ".claude" if folder is None else type(self.root)(folder)

    @property
    def projects(self) -> Path:
        """The folder of all transcripts; the client creates it with the first one."""
        return self.config_dir / "projects"

    @property
    def env(self) -> dict[str, str]:
        """The whole environment of the client."""
        return {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "TMPDIR": str(self.root / "tmp"),
            "TERM": "xterm-256color",
            "SHELL": "/bin/sh",
            "LANG": "C.UTF-8",
            "ANTHROPIC_API_KEY": API_KEY,
            "ANTHROPIC_BASE_URL": self.api_url,
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_TELEMETRY": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            # Otherwise a terminal session asks GitHub for plugins, by ssh too.
            "CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL": "1",
            # Root may skip permissions only in a sandbox.
            "IS_SANDBOX": "1",
            # A request to any other address goes to the scripted API, which rejects it.
            "HTTP_PROXY": self.api_url,
            "HTTPS_PROXY": self.api_url,
            "NO_PROXY": "127.0.0.1,localhost",
            **self.extra_env,
        }

    def with_env(self, **more: str) -> ClaudeHome:
        """Return the same home with more environment variables."""
        return replace(self, extra_env={**self.extra_env, **more})

    def trust(self, folder: Path) -> None:
        """Accept the client's trust dialog for `folder` in advance."""
        state = json.loads(self._state_file.read_text())
        # Old clients crash over a project without a list of tools.
        project = {"hasTrustDialogAccepted": True, "allowedTools": []}
        state["projects"].setdefault(str(folder.resolve()), {}).update(project)
        self._write_state(state)

    def run(
        self, prompt: str, *args: str, cwd: Path | None = None, timeout: float = WAIT_SECONDS
    ) -> CompletedRun:
        """Run one turn with `-p` and return after the client has exited.

        `args` are the client's own, such as `--continue` or SKIP_PERMISSIONS.
        """
        return self.start(prompt, *args, cwd=cwd).wait(timeout)

    def start(self, prompt: str, *args: str, cwd: Path | None = None) -> BackgroundRun:
        """Start one turn with `-p` and return at once; `close` kills it if it is still running."""
        command = [str(self.binary), "-p", prompt, *args]
        run = BackgroundRun(
            command,
            env=self.env,
            cwd=cwd or self.workdir,
            takes_session_id=self.takes_session_id,
        )
        self._started.append(run)
        return run

    def transcripts(self) -> list[Path]:
        """Return all transcripts, those of subagents included, in the order of their paths."""
        paths = self.projects.rglob("*.jsonl")
        return sorted(path for path in paths if path.name != "journal.jsonl")

    def transcript(self, session_id: str) -> Path:
        """Return the session's main transcript; raise LookupError until it exists."""
        for path in self.projects.glob(f"*/{session_id}.jsonl"):
            return path
        raise LookupError(f"session {session_id} has no transcript under {self.projects}")

    def subagent_transcripts(self, session_id: str) -> list[Path]:
        """Return the transcripts of the session's subagents."""
        return sorted(self.projects.glob(f"*/{session_id}/subagents/**/agent-*.jsonl"))

    def rows(self, session_id: str) -> list[Row]:
        """Return the rows of the session's main transcript; an empty list until it exists."""
        try:
            return read_rows(self.transcript(session_id))
        except (LookupError, FileNotFoundError):
            return []

    def close(self) -> None:
        """Kill every run that has not exited."""
        for run in self._started:
            run.kill()

    @property
    def _state_file(self) -> Path:
        # With CLAUDE_CONFIG_DIR the state is inside that folder, without it next to .claude.
        has_own = "CLAUDE_CONFIG_DIR" in self.extra_env
        return (self.config_dir if has_own else self.home) / ".claude.json"

    def _write_state(self, state: dict[str, object]) -> None:
        defaults: dict[str, object] = {
            "hasCompletedOnboarding": True,
            "theme": "dark",
            "customApiKeyResponses": {"approved": [API_KEY[-20:]], "rejected": []},
            "projects": {},
        }
        self._state_file.write_text(json.dumps(defaults | state))
