"""The figures of real sessions, equal to what the real client itself says they came to.

The client is driven through everything that makes other tools count wrongly; its own last total
stands in each transcript. Where ours differs by design, the difference is stated here.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.accounting import breakdowns, session_accounts, usage_groups
from ccsync_watch.accounting.account import NO_TOKENS, NO_TOTALS, ClientTotals, Tokens
from ccsync_watch.accounting.client_totals import read_client_totals
from ccsync_watch.accounting.explanation import explain
from ccsync_watch.accounting.prices import PriceList
from ccsync_watch.clock import SystemClock
from ccsync_watch.config import load
from ccsync_watch.daemon.runtime import Runtime
from ccsync_watch.daemon.sync_once import read_all
from ccsync_watch.store.database import Database, open_database
from support.claude_client.api import ScriptedMessagesApi
from support.claude_client.client import SKIP_PERMISSIONS, ClaudeHome
from support.claude_client.rows import read_rows, rows_of_type
from support.claude_client.script import (
    cut,
    delay,
    error,
    prompt,
    reply,
    say,
    stop,
    subagent,
    think,
    tool,
    usage,
)
from support.claude_client.terminal import Terminal
from support.redaction_corpus.shared import cache_folder
from support.waiting import WAIT_SECONDS, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ccsync_watch.accounting.account import SessionAccount

pytestmark = pytest.mark.client

SMALLEST_USD = 1e-9
MODELS = (
    "claude-fable-5", "claude-fable-5-1", "claude-fable-5-2", "claude-haiku-4-5",
    "claude-haiku-5-5", "claude-opus-4-1", "claude-opus-4-5", "claude-opus-4-6",
    "claude-opus-4-7", "claude-opus-4-8", "claude-opus-5", "claude-opus-5-5",
    "claude-sonnet-4-5", "claude-sonnet-4-6", "claude-sonnet-5", "claude-sonnet-5-5",
)  # fmt: skip
COUNTED = usage(
    input=1203, output=911, cache_creation_5m=7001, cache_creation_1h=503, cache_read=30_007
)
SMALL = usage(input=17, output=3, cache_read=1009)


@dataclass
class Played:
    """What the client did: the sessions by what they show."""

    home: ClaudeHome
    sessions: dict[str, str] = field(default_factory=dict)

    def run(self, name: str, text: str, *args: str, **more: Any) -> str:  # noqa: ANN401 - as `run` has them
        """Run a turn; call its session by a name, unless that is empty."""
        session_id = self.home.run(text, *args, **more).session_id
        if name:
            self.sessions[name] = session_id
        return session_id


@dataclass(frozen=True)
class Store:
    """The played sessions, as this program stores them."""

    played: Played
    database: Database
    bare: Database
    prices: PriceList

    def account(self, name: str) -> SessionAccount:
        """Return a session's account."""
        return session_accounts.load_account(self.database, self.played.sessions[name], self.prices)

    def said(self, name: str) -> ClientTotals:
        """Return what the client said of a session at last."""
        rows = rows_of_type(self.played.home.rows(self.played.sessions[name]), "cost-state")
        totals = read_client_totals(rows[-1]) if rows else NO_TOTALS
        assert totals is not None
        return totals


def _models(played: Played) -> None:
    for model in MODELS:
        played.run(model, prompt("Do it", reply(say("Done."), COUNTED)), "--model", model)


def _modes(played: Played) -> None:
    long = usage(input=100_001, output=900, cache_creation_1h=5)
    model = ("--model", "claude-haiku-5-5")
    played.run("a long prompt", prompt("L", reply(say("Long."), long)), *model)
    at_most = usage(input=99_000, cache_read=1000, output=900)
    played.run("just not a long prompt", prompt("L", reply(say("Short."), at_most)), *model)
    fast = {**COUNTED, "speed": "fast"}
    played.run("fast", prompt("F", reply(say("F."), fast)), "--model", "claude-opus-5-5")
    played.run("fast Opus 4.6", prompt("F", reply(say("F."), fast)), "--model", "claude-opus-4-6")
    for model_name in ("claude-opus-4-7", "claude-opus-4-8", "claude-opus-5"):
        played.run(f"fast {model_name}", prompt("F", reply(say("F."), fast)), "--model", model_name)
    _iterations(played)
    bedrock = ("--model", "us.anthropic.claude-sonnet-4-5-20250929-v1:0")
    played.run("a Bedrock region", prompt("B", reply(say("B."), COUNTED)), *bedrock)
    geo = {**COUNTED, "inference_geo": "us"}
    played.run("in the US", prompt("G", reply(say("G."), geo)), "--model", "claude-opus-5-5")
    searched = {**COUNTED, "web_searches": 3}
    played.run("searches", prompt("W", reply(say("W."), searched)), "--model", "claude-sonnet-5")
    played.run("an unknown model", prompt("U", reply(say("U."), COUNTED)), "--model", "claude-x-9")


def _iterations(played: Played) -> None:
    """Play responses that several requests came to, and one of which another model advised."""

    def request(input_tokens: int, output: int, **more: str) -> dict[str, Any]:
        return {
            "type": "message", "input_tokens": input_tokens, "output_tokens": output,
            "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, **more,
        }  # fmt: skip

    advice = request(159_419, 7805, type="advisor_message", model="claude-opus-4-7")
    advised = usage(input=1000, output=200, iterations=[request(1000, 200), advice])
    played.run("advised", prompt("A", reply(say("A."), advised)), "--model", "claude-sonnet-4-6")
    parts = {"two requests": [(61_000, 150), (61_000, 250)], "one long request": [(122_000, 400)]}
    for name, counts in parts.items():
        used = usage(input=122_000, output=400, iterations=[request(*count) for count in counts])
        played.run(name, prompt("I", reply(say("I."), used)), "--model", "claude-haiku-5-5")


def _tools(played: Played) -> None:
    both = reply(think("Both."), say("Both."), tool("Bash", command="echo 1"),
                 tool("Write", file_path="made.txt", content="a\nb\n"), COUNTED)  # fmt: skip
    played.run("thinking and parallel tools", prompt("T", both, reply(say("Done."), SMALL)),
               SKIP_PERMISSIONS)  # fmt: skip
    task = prompt("Look", reply(tool("Bash", command="true"), COUNTED), reply(say("Seen."), SMALL))
    for background in (False, True):
        errand = reply(subagent("look", task, background=background), SMALL)
        name = "a background subagent" if background else "a subagent"
        played.run(name, prompt("S", errand, reply(say("Heard."), SMALL)), SKIP_PERMISSIONS)
    nested = prompt("Send on", reply(subagent("look", task), COUNTED), reply(say("Sent."), SMALL))
    errands = reply(subagent("one", nested), subagent("two", task), SMALL)
    played.run(
        "nested subagents", prompt("N", errands, reply(say("Heard."), SMALL)), SKIP_PERMISSIONS
    )


def _failures(played: Played) -> None:
    run = played.run
    run("a retried error", prompt("E", reply(error(529, times=1), say("Through."), COUNTED)))
    run("a lasting error", prompt("E", reply(say("Once."), tool("Bash", command="true"), COUNTED),
                                  error(400)), SKIP_PERMISSIONS)  # fmt: skip
    run("a cut stream", prompt("C", reply(say("To be cut in half."), cut(), COUNTED)))
    for reason in ("max_tokens", "refusal"):
        first = reply(say("Not all."), stop(reason), COUNTED)
        run(reason, prompt("M", first, reply(say("The rest."), SMALL)))
    killed = played.run("killed and resumed", prompt("K", reply(say("Cached."), COUNTED)))
    slow = played.home.start(
        prompt("Slowly", reply(say("Begun."), delay(60), say("Never."))), "--resume", killed
    )
    wait_for(lambda: len(rows_of_type(played.home.rows(killed), "user")) > 1, "the user's row")
    slow.kill()
    run("", prompt("Again", reply(say("After."), SMALL)), "--resume", killed)


def _forks(played: Played) -> None:
    run = played.run
    turn = prompt("One", reply(say("One."), tool("Bash", command="true"), COUNTED),
                  reply(say("Two."), SMALL))  # fmt: skip
    first = run("forked from", turn, SKIP_PERMISSIONS)
    fork = run(
        "a fork", prompt("F", reply(say("F."), COUNTED)), "--resume", first, "--fork-session"
    )
    run("a fork of a fork", prompt("G", reply(say("G."), SMALL)), "--resume", fork,
        "--fork-session", "--model", "claude-sonnet-5")  # fmt: skip
    run("", prompt("On", reply(say("On."), COUNTED)), "--resume", first)
    run("a later fork", prompt("H", reply(say("H."), SMALL)), "--resume", first, "--fork-session")
    run("", prompt("On", reply(say("Fork continues."), COUNTED)), "--resume", fork)
    started = run("resumed", prompt("R", reply(say("R."), COUNTED)))
    run("", prompt("R", reply(say("R2."), SMALL)), "--resume", started, "--model", "claude-opus-5")
    elsewhere = played.home.root / "elsewhere"
    elsewhere.mkdir()
    played.home.trust(elsewhere)
    moved = run("resumed in another folder", prompt("R", reply(say("R."), COUNTED)))
    run("", prompt("R", reply(say("R2."), SMALL)), "--resume", moved, cwd=elsewhere)
    heard = reply(say("Heard."), SMALL)
    spawned = run("a fork of what had subagents", prompt("S", reply(subagent("x", prompt(
        "Look", reply(say("Seen."), COUNTED))), SMALL), heard), SKIP_PERMISSIONS,
    )  # fmt: skip
    played.sessions["had subagents"] = spawned
    run("a fork of what had subagents", prompt("F", reply(say("F."), SMALL)), "--resume", spawned,
        "--fork-session")  # fmt: skip


def _terminals(played: Played) -> None:
    with Terminal(played.home, SKIP_PERMISSIONS) as terminal:
        _say(terminal, "First.", COUNTED)
        terminal.submit("/compact")
        terminal.wait_for_row(lambda row: row.get("isCompactSummary"))
        _say(terminal, "Second.", SMALL)
        played.sessions["compacted"] = terminal.session_id
        terminal.submit("/clear")
        terminal.wait_for_new_session(played.sessions["compacted"])
        _say(terminal, "Cleared.", SMALL)
        played.sessions["cleared"] = terminal.session_id
        terminal.exit()
    with Terminal(played.home, SKIP_PERMISSIONS) as terminal:
        _say(terminal, "Source.", COUNTED)
        played.sessions["branched from"] = terminal.session_id
        terminal.submit("/branch")
        terminal.wait_for_new_session(played.sessions["branched from"])
        _say(terminal, "Branched.", SMALL)
        played.sessions["a branch"] = terminal.session_id
        slow = prompt("Slowly", reply(say("Begun."), delay(60), say("Never."), SMALL))
        terminal.submit(slow)
        terminal.wait_for_screen("● Begun.")
        terminal.press("Escape")
        terminal.wait_for_row(lambda row: row.get("interruptedMessageId"))
        terminal.exit()


def _two_processes(played: Played) -> None:
    with Terminal(played.home, SKIP_PERMISSIONS) as terminal:
        _say(terminal, "In the terminal.", COUNTED)
        played.sessions["two processes"] = terminal.session_id
        played.run("", prompt("P", reply(say("Beside."), COUNTED)), "--resume", terminal.session_id)
        _say(terminal, "Again in the terminal.", COUNTED)
        terminal.exit()


def _background(played: Played) -> None:
    home = played.home

    def call(*args: str) -> str:
        return subprocess.run(
            [str(home.binary), *args],
            env=home.env,
            cwd=home.workdir,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
            timeout=WAIT_SECONDS,
        ).stdout

    def begun(beginning: str) -> str | None:
        paths = home.projects.glob(f"*/{beginning}*.jsonl")
        return next((path.stem for path in paths), None)

    text = prompt("Behind", reply(say("Done behind."), COUNTED))
    try:
        match = re.search(r"\b[0-9a-f]{8}\b", call("--bg", SKIP_PERMISSIONS, text))
        assert match
        session_id = wait_for(lambda: begun(match[0]), "the transcript")
        wait_for(lambda: rows_of_type(home.rows(session_id), "assistant"), "the answer")
        call("stop", match[0])
        wait_for(lambda: rows_of_type(home.rows(session_id), "cost-state"), "the total")
        played.sessions["in the background"] = session_id
    finally:
        call("daemon", "stop", "--any")


def _say(terminal: Terminal, text: str, used: dict[str, Any]) -> None:
    terminal.submit(prompt("Say", reply(say(text), used)))
    terminal.wait_for_row(lambda row: row["type"] == "assistant" and text in str(row["message"]))


PLAYS: tuple[Callable[[Played], None], ...] = (
    _terminals, _forks, _two_processes, _failures, _tools, _background, _modes, _models
)  # fmt: skip


@pytest.fixture(scope="module")
def store(client_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Play everything, two clients at a time, and read it as the daemon would."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not on PATH: install it")
    root = tmp_path_factory.mktemp("accounting")
    with ScriptedMessagesApi() as api:
        played = Played(ClaudeHome(root / "claude", api.url, binary=client_binary))
        try:
            with ThreadPoolExecutor(2) as clients:
                list(clients.map(lambda play: play(played), PLAYS))
        finally:
            played.home.close()
    env = {"HOME": str(played.home.home), "CCSYNC_WATCH_HOME": str(root / "state"),
           "XDG_CACHE_HOME": str(root / "cache")}  # fmt: skip
    settings = load(env, {})
    # The prices are this test's own; the compiled rules are the run's.
    settings = replace(settings, cache_dir=cache_folder())
    runtime = Runtime(settings, clock=SystemClock(), host="laptop")
    read_all(runtime)
    runtime.close()
    shutil.copytree(root / "state", root / "bare")
    prices = PriceList(root / "cache" / "prices.json")
    database = open_database(root / "state", now_ms=0)
    bare = open_database(root / "bare", now_ms=0)
    with bare.write() as connection:
        connection.execute("DELETE FROM cost_states")
    prices.ensure_known(usage_groups.used_models(database))
    yield Store(played, database, bare, prices)
    database.close()
    bare.close()


# The total of a fork begins with that of its source, as that was then.
FORKS = {
    "a fork": "forked from",
    "a fork of a fork": "a fork",
    "a later fork": "forked from",
    "a fork of what had subagents": "had subagents",
}
EXACT = (
    *MODELS, "a long prompt", "just not a long prompt", "fast", "fast Opus 4.6", "in the US",
    "searches", "advised", "two requests", "one long request",
    "fast claude-opus-4-7", "fast claude-opus-4-8", "fast claude-opus-5",
    "thinking and parallel tools", "a subagent", "a background subagent", "nested subagents",
    "a retried error", "a lasting error", "max_tokens", "refusal",
    "killed and resumed",
    "forked from", "resumed", "resumed in another folder", "had subagents", "cleared",
    "branched from", "in the background",
)  # fmt: skip


def test_many_sessions_were_played(store: Store) -> None:
    """Each under its name, and nothing of them was unreadable."""
    assert len(set(store.played.sessions.values())) >= 30
    read = store.database.read()
    assert read.execute("SELECT count(*) FROM unreadable").fetchone()[0] == 0
    assert read.execute("SELECT count(*) FROM contested").fetchone()[0] == 0


@pytest.mark.parametrize("name", EXACT)
def test_figures_equal_the_clients_own(store: Store, name: str) -> None:
    """To the last token and to a billionth of a dollar."""
    account, said = store.account(name), store.said(name)
    assert account.tokens.billed == said.tokens.billed
    assert account.cost.usd == pytest.approx(said.usd, abs=SMALLEST_USD)
    assert (account.cost.provenance, account.notes) == ("client", ())


def test_bedrock_charges_a_tenth_more_in_a_region(store: Store) -> None:
    """The client does not add it, and what it says itself counts where it says something."""
    name = "a Bedrock region"
    account, said = store.account(name), store.said(name)
    assert (account.cost.usd, account.cost.provenance) == (said.usd, "client")
    bare = session_accounts.load_account(store.bare, store.played.sessions[name], store.prices)
    assert bare.tokens.billed == said.tokens.billed
    assert bare.cost.usd == pytest.approx(1.1 * said.usd, abs=SMALLEST_USD)


def test_an_advisors_response_is_its_own_models(store: Store) -> None:
    """The response that it advised does not contain its tokens."""
    models = {model.model: model for model in store.account("advised").models}
    advisor = models["claude-opus-4-7"]
    assert (advisor.tokens.input, advisor.tokens.output) == (159_419, 7805)
    assert models["claude-sonnet-4-6"].tokens.input == 1000


def test_a_cut_stream_counts_whether_or_not_it_left_a_row(store: Store) -> None:
    """The client keeps what came of it if a block was whole; it counts the request in any case."""
    account, said = store.account("a cut stream"), store.said("a cut stream")
    assert account.tokens.billed == said.tokens.billed
    assert account.cost.usd == pytest.approx(said.usd, abs=SMALLEST_USD)
    assert account.cost.provenance == "client"
    assert bool(account.notes) == any(account.unrecorded.billed)


@pytest.mark.parametrize("name", EXACT)
def test_figures_from_prices_alone_agree(store: Store, name: str) -> None:
    """Without the client's totals, to a thousandth."""
    account = session_accounts.load_account(store.bare, store.played.sessions[name], store.prices)
    said = store.said(name)
    assert account.cost.provenance == "computed"
    assert account.tokens.billed == said.tokens.billed
    assert account.cost.usd == pytest.approx(said.usd, rel=1e-3)


@pytest.mark.parametrize("name", FORKS)
def test_a_fork_takes_nothing_from_its_source(store: Store, name: str) -> None:
    """What its total began with is taken off; that was a total of its source."""
    account, said = store.account(name), store.said(name)
    source = store.played.home.rows(store.played.sessions[FORKS[name]])
    began = [read_client_totals(row) for row in rows_of_type(source, "cost-state")]
    assert account.inherited_usd in [totals.usd for totals in began if totals]
    assert account.cost.provenance == "client"
    assert account.cost.usd == pytest.approx(
        said.usd - (account.inherited_usd or 0), abs=SMALLEST_USD
    )
    assert account.cost.usd == pytest.approx(account.row_cost.usd, rel=1e-3)
    assert account.unrecorded == NO_TOKENS


def test_what_left_no_row_is_counted_and_shown(store: Store) -> None:
    """The total is the client's, and what a compaction's request used stands apart in it."""
    account, said = store.account("compacted"), store.said("compacted")
    assert account.tokens.billed == said.tokens.billed
    assert account.cost.usd == pytest.approx(said.usd, abs=SMALLEST_USD)
    assert account.cost.provenance == "client"
    assert account.unrecorded.output > 0
    assert "left no row" in account.notes[0]


def test_a_branch_counts_its_own_rows(store: Store) -> None:
    """Its total starts at nothing, and an interrupted response may be in it or not."""
    account = store.account("a branch")
    assert account.inherited_usd is None
    assert account.tokens.covers(Tokens(input=17, output=3, cache_read=1009))
    assert account.tokens.output < 100


def test_of_two_processes_the_rows_count(store: Store) -> None:
    """Each wrote a total of its own, and neither holds what the other used."""
    account, said = store.account("two processes"), store.said("two processes")
    one = Tokens(1203, 911, 7001, 503, 30_007)
    assert account.tokens == one + one + one
    assert account.cost.provenance == "computed"
    assert account.cost.usd == account.row_cost.usd
    assert (account.cost.usd or 0) > said.usd
    assert "covers less" in account.notes[0]


def test_a_guess_of_the_clients_is_no_price(store: Store) -> None:
    """A model that it does not know it prices as another one: that has tokens, and no cost."""
    name = "an unknown model"
    account = store.account(name)
    assert (account.cost.usd, account.cost.provenance) == (None, "unpriced")
    assert account.tokens.billed == store.said(name).tokens.billed
    assert store.said(name).has_guess


def test_every_session_has_its_place_in_the_sums(store: Store) -> None:
    """The tables come to the sum of the accounts, and the accounts to the truth of the files."""
    accounts = session_accounts.load_accounts(store.database, store.prices)
    for session_id in store.played.sessions.values():
        assert accounts[session_id] == session_accounts.load_account(
            store.database, session_id, store.prices
        )
    used = sum((account.tokens for account in accounts.values()), NO_TOKENS)
    for table in (
        breakdowns.by_day(store.database, store.prices),
        breakdowns.by_model(store.database, store.prices),
        breakdowns.by_project(store.database, store.prices),
    ):
        assert breakdowns.total(table).tokens.billed == used.billed
    responses = {
        row["message"]["id"]: _output(row["message"]["usage"])
        for path in store.played.home.transcripts()
        for row in rows_of_type(read_rows(path), "assistant")
        if row["message"]["model"] != "<synthetic>"
    }
    beyond = sum((account.unrecorded for account in accounts.values()), NO_TOKENS)
    assert used.output - beyond.output == sum(responses.values())


def _output(counts: dict[str, Any]) -> int:
    """Return the output of a response and of the advisor's that belong to it."""
    advice: list[int] = [
        int(request["output_tokens"])
        for request in counts.get("iterations") or ()
        if request["type"] == "advisor_message"
    ]
    return sum(advice, int(counts["output_tokens"]))


def test_a_forks_explanation_names_what_it_copied(store: Store) -> None:
    """A naive sum would have counted it again."""
    explanation = explain(store.database, store.played.sessions["a fork of a fork"], store.prices)
    assert explanation is not None
    assert (len(explanation.counted), explanation.inherited_responses) == (1, 3)
    assert explanation.naive_output > explanation.account.tokens.output
