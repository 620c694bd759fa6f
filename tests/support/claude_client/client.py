"""Run the real client in a home of its own, against a scripted API.

`ClaudeHome` is the isolation: nothing of the user's environment but PATH reaches the client, all
its files lie under one root, and any address but loopback is refused by the scripted API itself.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from support.claude_client.install import installed_client
from support.claude_client.rows import Row, read_rows
from support.claude_client.running import BackgroundRun, CompletedRun

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

API_KEY = "sk-ant-api03-made-up-key-of-the-tests-0123456789"

RUN_SECONDS = 60.0


@dataclass
class ClaudeHome:
    """A temporary HOME for the client under `root`, set up so that it asks no questions.

    `extra_env` is laid over the scrubbed environment, for instance CLAUDE_CONFIG_DIR.
    """

    root: Path
    api_url: str
    extra_env: Mapping[str, str] = field(default_factory=dict)
    binary: Path = field(default_factory=installed_client)
    _started: list[BackgroundRun] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        """Make the folders and settings, unless they are there already."""
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
        """The project folder in which the client runs unless told otherwise."""
        return self.root / "project"

    @property
    def config_dir(self) -> Path:
        """The folder of settings and transcripts: HOME/.claude, or CLAUDE_CONFIG_DIR if set."""
        chosen = self.extra_env.get("CLAUDE_CONFIG_DIR")
        return self.home / ".claude" if chosen is None else type(self.root)(chosen)

    @property
    def projects(self) -> Path:
        """The folder under which all transcripts lie; it appears with the first of them."""
        return self.config_dir / "projects"

    @property
    def env(self) -> dict[str, str]:
        """The whole environment of the client: what is not here, it does not see."""
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
            # Whatever is not loopback ends at the scripted API, which records and refuses it.
            "HTTP_PROXY": self.api_url,
            "HTTPS_PROXY": self.api_url,
            "NO_PROXY": "127.0.0.1,localhost",
            **self.extra_env,
        }

    def with_env(self, **more: str) -> ClaudeHome:
        """Return the same home with more in its environment."""
        return replace(self, extra_env={**self.extra_env, **more})

    def trust(self, folder: Path) -> None:
        """Answer the client's question whether it may work in `folder` before it is asked."""
        state = json.loads(self._state_file.read_text())
        state["projects"].setdefault(str(folder.resolve()), {})["hasTrustDialogAccepted"] = True
        self._write_state(state)

    def run(
        self, prompt: str, *args: str, cwd: Path | None = None, timeout: float = RUN_SECONDS
    ) -> CompletedRun:
        """Run one turn with `-p` and return when the client has ended.

        `args` are the client's own, such as `--continue` or `--dangerously-skip-permissions`.
        """
        return self.start(prompt, *args, cwd=cwd).wait(timeout)

    def start(self, prompt: str, *args: str, cwd: Path | None = None) -> BackgroundRun:
        """Start one turn with `-p` and return at once; `close` ends it if nothing else does."""
        command = [str(self.binary), "-p", prompt, *args]
        run = BackgroundRun(command, env=self.env, cwd=cwd or self.workdir)
        self._started.append(run)
        return run

    def transcripts(self) -> list[Path]:
        """Return all transcripts, those of subagents included, in the order of their paths."""
        found = self.projects.rglob("*.jsonl")
        return sorted(path for path in found if path.name != "journal.jsonl")

    def transcript(self, session_id: str) -> Path:
        """Return the session's main transcript; raise LookupError while there is none."""
        for path in self.projects.glob(f"*/{session_id}.jsonl"):
            return path
        raise LookupError(f"session {session_id} has no transcript under {self.projects}")

    def subagent_transcripts(self, session_id: str) -> list[Path]:
        """Return the transcripts of the session's subagents."""
        return sorted(self.projects.glob(f"*/{session_id}/subagents/**/agent-*.jsonl"))

    def rows(self, session_id: str) -> list[Row]:
        """Return the rows of the session's main transcript; none while it does not exist."""
        try:
            return read_rows(self.transcript(session_id))
        except (LookupError, FileNotFoundError):
            return []

    def close(self) -> None:
        """Kill every run that is still going."""
        for run in self._started:
            run.kill()

    @property
    def _state_file(self) -> Path:
        # With CLAUDE_CONFIG_DIR the state lies inside that folder, without it beside .claude.
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
