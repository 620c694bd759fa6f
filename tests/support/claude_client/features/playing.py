"""Drive the client through its rarer features: in one terminal, and in short runs with `-p`."""

from __future__ import annotations

import base64
import json
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from support.claude_client.client import SKIP_PERMISSIONS
from support.claude_client.features import hook_program, mcp_server
from support.claude_client.features.person_terminal import PersonTerminal
from support.claude_client.rows import texts
from support.claude_client.script import (
    delay,
    error,
    prompt,
    reply,
    say,
    sealed_prompt,
    stop,
    subagent,
    think,
    tool,
)

if TYPE_CHECKING:
    from pathlib import Path

    from support.claude_client.client import ClaudeHome

HOOKED = ("UserPromptSubmit", "PreToolUse", "PostToolUse", "Stop")
PLAN = "# Plan of the beds\n\n1. dig\n2. water\n"
_WORKFLOW = """export const meta = {name: 'beds', description: 'count', phases: [{title: 'Look'}]}
phase('Look')
return await agent(TASK, {label: 'north bed'})
"""


@dataclass
class FeaturePlay:
    """What a client is asked to do; `sessions` are its sessions by what they show."""

    home: ClaudeHome
    sessions: dict[str, str] = field(default_factory=dict)

    def prepare(self) -> None:
        """Write what the sessions need: files, a command, an agent, settings, a server."""
        work = self.home.workdir
        (work / "beds.txt").write_text("north\nsouth\n")
        (work / "huge.txt").write_text("words words\n" * 60_000)
        (work / "pixel.png").write_bytes(base64.b64decode(mcp_server.PIXEL))
        (work / "tools").mkdir()
        (work / "tools" / "can.txt").write_text("a can\n")
        commands, agents = work / ".claude" / "commands", work / ".claude" / "agents"
        commands.mkdir(parents=True)
        agents.mkdir()
        # Without a description the model gets all of the text, with its script.
        head = "---\nname: {0}\ndescription: {0} of the garden\n---\n"
        (commands / "water.md").write_text(
            head.format("water") + sealed_prompt("Water the $ARGUMENTS bed.", say("Watered."))
        )
        (agents / "lily.md").write_text(head.format("lily") + "You look.")
        hook = {"type": "command", "command": f"{sys.executable} -S {hook_program.__file__}"}
        settings = {
            "hooks": {name: [{"hooks": [hook]}] for name in HOOKED},
            "permissions": {"allow": ["Bash(echo:*)"], "deny": ["Bash(rm:*)"]},
        }
        self._settings.write_text(json.dumps(settings))
        server = {"command": sys.executable, "args": ["-S", mcp_server.__file__]}
        self._servers.write_text(json.dumps({"mcpServers": {"thread editor": server}}))

    def play_terminal(self) -> None:
        """Work in a terminal, as a person would."""
        with PersonTerminal(
            self.home, "--settings", str(self._settings), "--permission-mode", "default"
        ) as terminal:
            _play_hooks(terminal)
            _play_permissions(terminal, self.home.workdir)
            _play_prompts(terminal, self.home.root / "paste.txt")
            _play_rewinds(terminal)
            self.sessions["terminal"] = terminal.session_id
            terminal.submit("/branch")
            terminal.wait_for_new_session(self.sessions["terminal"])
            terminal.ask("On the branch", say("Branched."))
            self.sessions["branch"] = terminal.session_id
            terminal.exit()

    def play_plans(self) -> None:
        """Have a plan changed, and then accept it for a new session."""
        settings = json.dumps({"showClearContextOnPlanAccept": True})
        with PersonTerminal(
            self.home, "--settings", settings, "--permission-mode", "plan"
        ) as terminal:
            terminal.ask("Think of a plan", say("Thought."))
            row = terminal.wait_for_row(
                lambda row: row.get("attachment", {}).get("type") == "plan_mode"
            )
            plan = prompt(PLAN, say("Dug."))
            written = tool("Write", file_path=row["attachment"]["planFilePath"], content=plan)
            turns = terminal.turns
            leave = tool("ExitPlanMode")
            terminal.submit(sealed_prompt("Make a plan", written, leave, say("Deeper then.")))
            terminal.wait_for_dialog("1. Yes, clear context")
            for _line in range(3):
                terminal.press("Down")
            terminal.wait_for_dialog("4. Tell Claude")
            terminal.type_in_dialog("dig deeper")
            terminal.confirm("4. dig deeper")
            terminal.wait_for_turn(turns)
            planned = self.sessions["planned"] = terminal.session_id
            terminal.submit(sealed_prompt("Plan again", leave, say("Never said.")))
            terminal.confirm("1. Yes, clear context")
            self.sessions["accepted plan"] = terminal.wait_for_new_session(planned)
            terminal.wait_for_turn(0)
            terminal.exit()

    def play_team(self) -> None:
        """Work with a teammate, who sends messages."""
        home = self.home.with_env(CLAUDE_CODE_EXPERIMENTAL_AGENT_TEAMS="1")
        with PersonTerminal(home, SKIP_PERMISSIONS) as terminal:
            message = tool("SendMessage", to="team-lead", summary="pond", message="It is full.")
            member = tool(
                "Agent", description="the pond", subagent_type="general-purpose", name="lily",
                prompt=sealed_prompt("Look at the pond", message, say("Sent it.")),
            )  # fmt: skip
            terminal.submit(sealed_prompt("Form a team", member, say("Formed."), say("So it is.")))
            # That she has nothing more to do comes with her message, or after it.
            terminal.wait_for_row(lambda row: "idle_notification" in str(row.get("message")))
            terminal.wait_for_row(lambda row: "So it is." in str(row.get("message")))
            self.sessions["team"] = terminal.session_id
            terminal.exit()

    def play_runs(self) -> None:
        """Run everything that needs no person."""
        self._play_tools()
        self._play_agents()
        self._play_ends()

    def _play_tools(self) -> None:
        work = self.home.workdir
        self._run(
            "tools of a server",
            prompt(
                "Call the tools of the server",
                reply(
                    tool("mcp__thread_editor__threads", colour="red"),
                    tool("mcp__thread_editor__edit-profile", file_path="x"),
                ),
                tool("mcp__thread_editor__create_view"),
                say("Called."),
            ),
            *("--mcp-config", str(self._servers), "--strict-mcp-config", SKIP_PERMISSIONS),
        )
        self._run(
            "failing tools",
            prompt(
                "Use tools that fail",
                tool("Read", file_path=str(work / "pixel.png")),
                tool("Read", file_path=str(work / "missing.txt")),
                tool("NoSuchTool", a=1),
                tool("Bash", command="echo out; exit 3"),
                tool("Bash", command="printf '\\033[31mred\\033[0m \\033[2Jwords'"),
                reply(think("Was that all?"), say("Used.")),
            ),
            SKIP_PERMISSIONS,
        )
        self._run(
            "denied tools",
            prompt(
                "Use tools that are denied",
                tool("Bash", command="rm beds.txt"),
                tool("Write", file_path=str(work / "new.txt"), content="x\n"),
                say("Denied both."),
            ),
            *("--settings", str(self._settings)),
        )
        schema = {"type": "object", "properties": {"beds": {"type": "number"}}}
        self._run(
            "structured output",
            prompt("How many beds?", tool("StructuredOutput", beds=3)),
            *("--json-schema", json.dumps(schema)),
        )

    def _play_agents(self) -> None:
        look = prompt("Look around", tool("Bash", command="echo looked"), say("Nothing there."))
        named = subagent("name one", prompt("Be somebody", say("Somebody.")))
        named["input"]["subagent_type"] = "gärtner@home"
        self._run(
            "subagents",
            prompt(
                "Send three",
                reply(subagent("look now", look), named),
                subagent("look later", prompt("Look later", say("Later.")), background=True),
                say("Sent."),
                say("Heard."),
            ),
            *("--agents", json.dumps({"gärtner@home": {"description": "d", "prompt": "You dig."}})),
            SKIP_PERMISSIONS,
        )
        fork = tool(
            "Agent", description="count the beds", subagent_type="fork",
            prompt=prompt("Count the beds", say("Three beds.")),
        )  # fmt: skip
        self._run(
            "fork agent",
            prompt("Send a fork of yourself", fork, say("Forked."), say("Three.")),
            SKIP_PERMISSIONS,
            home=self.home.with_env(CLAUDE_CODE_FORK_SUBAGENT="1"),
        )
        task = json.dumps(prompt("Look at the north bed", say("North seen.")))
        self._run(
            "workflow",
            prompt(
                "Run a workflow",
                tool("Workflow", script=_WORKFLOW.replace("TASK", task)),
                say("Started."),
                say("Seen."),
            ),
            SKIP_PERMISSIONS,
        )
        self._run(
            "as an agent",
            prompt("Who are you?", say("Lily.")),
            *("--agent", "lily", "--effort", "low"),
        )

    def _play_ends(self) -> None:
        refused = reply(say("I cannot."), stop("refusal", "It would harm the roses."))
        self._run("refusal", prompt("Ask for too much", refused, say("After it.")))
        refused_again = reply(stop("refusal", "It would harm the roses."))
        self._run("refusals", prompt("Ask for far too much", refused_again, refused_again))
        cut_short = reply(say("Not all."), stop("max_tokens"))
        self._run("cut short", prompt("Ask for a book", cut_short, say("The rest.")))
        overloaded = reply(error(529, times=1), say("Through."))
        self._run("retried error", prompt("Try twice", overloaded))
        self._run("lasting error", prompt("Try in vain", error(400)))
        compacted = self._run("compaction", prompt("Begin", say("Begun.")))
        self.home.run("/compact", "--resume", compacted)
        self.home.run(prompt("Continue", say("Continued.")), "--resume", compacted)

    @property
    def _settings(self) -> Path:
        return self.home.root / "hooked.json"

    @property
    def _servers(self) -> Path:
        return self.home.root / "servers.json"

    def _run(self, name: str, text: str, *args: str, home: ClaudeHome | None = None) -> str:
        run = (home or self.home).run(text, *args)
        self.sessions[name] = run.session_id
        return run.session_id


def _play_hooks(terminal: PersonTerminal) -> None:
    terminal.ask("A hinted question", say("It rains."))
    words = ("before", "on sunday", "wet", "broken", "unwanted", "spoken")
    calls = [tool("Bash", command=f"echo {word}") for word in words]
    terminal.ask("Run the hooks", *calls, say("It is too early."), say("Watered them."))
    terminal.submit("A forbidden question about beds")
    terminal.wait_for_row(lambda row: "No forbidden words" in str(row.get("content")))
    terminal.wait_for_input("forbidden")
    terminal.clear_input()


def _play_permissions(terminal: PersonTerminal, work: Path) -> None:
    terminal.ask("Remove it", tool("Bash", command="rm beds.txt"), say("I may not."))
    write = tool("Write", file_path=str(work / "new.txt"), content="x\n")
    turns = terminal.turns
    terminal.submit(sealed_prompt("Write it", write, say("Understood.")))
    terminal.wait_for_dialog("1. Yes")
    for _line in range(2):
        terminal.press("Down")
    terminal.wait_for_dialog("3. No")
    terminal.press("Tab")
    terminal.wait_for_dialog("3. No, ")
    terminal.type_in_dialog("use the other can instead")
    terminal.confirm("3. No, use the other can instead")
    terminal.wait_for_turn(turns)
    terminal.submit(sealed_prompt("Write it again", write, say("Never said.")))
    terminal.wait_for_dialog("1. Yes")
    terminal.press("Escape")
    terminal.wait_for_row(lambda row: "for tool use]" in "".join(texts([row], "user")))


def _play_prompts(terminal: PersonTerminal, paste: Path) -> None:
    turns = terminal.turns
    slow = reply(say("Begun."), delay(1.5), tool("Bash", command="echo slow"))
    terminal.submit(sealed_prompt("Slowly", slow, say("Slowly done.")))
    terminal.wait_for_screen("● Begun.")
    terminal.submit("also the west bed")
    terminal.wait_for_turn(turns)
    mentions = "See @beds.txt and @tools/ and @huge.txt and @agent-lily"
    terminal.ask(mentions, say("Seen all."))
    turns = terminal.turns
    terminal.submit("/water north")
    terminal.wait_for_turn(turns)
    paste.write_text("".join(f"log line {number}\n" for number in range(60)))
    terminal.paste(paste)
    terminal.ask("what does it mean?", say("It means."))
    turns = terminal.turns
    terminal.submit("! echo from the shell")
    terminal.wait_for_turn(turns)
    terminal.submit("/rename Garden of beds")
    terminal.wait_for_row(lambda row: row["type"] == "custom-title")
    terminal.submit(sealed_prompt("Too slowly", reply(say("Begun again."), delay(60), say("No."))))
    terminal.wait_for_screen("● Begun again.")
    terminal.press("Escape")
    terminal.wait_for_row(lambda row: row.get("interruptedMessageId"))


def _play_rewinds(terminal: PersonTerminal) -> None:
    terminal.ask("the wrong way", say("Wrong."))
    terminal.submit("/rewind")
    terminal.wait_for_dialog("(current)")
    terminal.press("Up")
    terminal.confirm("the wrong way")
    terminal.wait_for_input("the wrong way")
    terminal.clear_input()
    terminal.ask("the right way", say("Right."))
