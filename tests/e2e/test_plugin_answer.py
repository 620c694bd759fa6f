"""When the hook answers the commands of the plugin, and when it leaves that to the text."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from support.ccsync_program.plugin_home import PLUGIN, hook_commands
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from pathlib import Path

_TERMINAL, _PRINT, _SDK = "cli", "sdk-cli", "sdk-ts"


@pytest.mark.parametrize(
    ("entrypoint", "agent", "answers"),
    [
        pytest.param(_TERMINAL, None, True, id="terminal-2.1.116"),
        pytest.param(_PRINT, None, False, id="print-2.1.116"),
        pytest.param(_PRINT, "claude-code/2.1.120/harness", False, id="print-2.1.120"),
        pytest.param(_PRINT, "claude-code_2-1-170_harness", False, id="print-2.1.170"),
        pytest.param(_SDK, "claude-code_2-1-177_harness", False, id="sdk-2.1.177"),
        pytest.param(_PRINT, "claude-code_2-1-178_harness", True, id="print-2.1.178"),
        pytest.param(_PRINT, "claude-code_2-1-1000_harness", True, id="print-2.1.1000"),
        pytest.param(_PRINT, "claude-code_2-2-0_harness", True, id="print-2.2.0"),
        pytest.param(_PRINT, "claude-code_3-0-1_agent", True, id="print-3.0.1"),
        pytest.param(_PRINT, "claude-code_10-0-0", True, id="print-10.0.0"),
        pytest.param(_PRINT, "another-agent_9-9-9", False, id="print-of-another-agent"),
        pytest.param(_TERMINAL, "claude-code_2-1-140_agent", True, id="terminal-2.1.140"),
    ],
)
def test_only_where_the_client_shows_it(
    tmp_path: Path, entrypoint: str, agent: str | None, *, answers: bool
) -> None:
    """Without a terminal, old clients print nothing for a command that a hook blocks."""
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\ncat\n")
    program.chmod(0o755)
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "CCSYNC_WATCH_COMMAND": str(program),
        "CLAUDE_PLUGIN_ROOT": str(PLUGIN),
        "CLAUDE_CODE_ENTRYPOINT": entrypoint,
        **({"AI_AGENT": agent} if agent else {}),
    }
    completed = subprocess.run(
        ["/bin/sh", "-c", hook_commands()["UserPromptExpansion"]],
        env=env,
        input=b"request\n",
        capture_output=True,
        timeout=WAIT_SECONDS,
        check=False,
    )
    output = b"request\n" if answers else b""
    assert (completed.returncode, completed.stdout, completed.stderr) == (0, output, b"")
