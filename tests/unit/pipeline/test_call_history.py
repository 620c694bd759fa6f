"""What a command printed is its secret, however and whenever the output arrives."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.privacy.known.call_history import CallHistory
from ccsync_watch.privacy.policy.policy import Policy
from ccsync_watch.store import stored_messages
from support.lines import SESSION, Writer, call
from support.parsing import parse_rows
from support.pumping import Bench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ccsync_watch.privacy import Redactor

VALUE = "tuv8-Qx4w-9zzP"
"""No rule would find it in a sentence."""
LOG = "/x/tasks/b7.output"
STARTED = f"Command running in background with ID: b7. Output is being written to: {LOG}"
SAVED = (
    f"<persisted-output>\nOutput too large (40KB). Full output saved to: {LOG}\n\n"
    "Preview (first 2KB):\nHOST=x\n...\n</persisted-output>"
)
TABLE = "id,name,password\n1,ann,Rocket4821!\n"
TASK = f"<status>completed</status>\n\n<output>\n{VALUE}\n</output>"


def _call(writer: Writer, used: str, name: str, output: str, **arguments: Any) -> list[Any]:  # noqa: ANN401 - any JSON
    return [writer.answer(call(used, name, **arguments)), writer.result(used, output)]


def _typed(writer: Writer, command: str, output: str) -> list[Any]:
    return [
        writer.prompt(f"<bash-input>{command}</bash-input>"),
        writer.prompt(f"<bash-stdout>{output}</bash-stdout><bash-stderr></bash-stderr>"),
    ]


ARRIVALS: dict[str, Callable[[Writer], list[Any]]] = {
    "directly": lambda writer: _call(writer, "t1", "Bash", VALUE, command="pass show x"),
    "from a task": lambda writer: [
        *_call(writer, "t1", "Bash", STARTED, command="pass show x", run_in_background=True),
        *_call(writer, "t2", "TaskOutput", TASK, task_id="b7"),
    ],
    "from a task of older clients": lambda writer: [
        *_call(writer, "t1", "Bash", STARTED, command="pass show x", run_in_background=True),
        *_call(writer, "t2", "BashOutput", TASK, bash_id="b7"),
    ],
    "from a task's file": lambda writer: [
        *_call(writer, "t1", "Bash", STARTED, command="pass show x", run_in_background=True),
        *_call(writer, "t2", "Read", f"     1\t{VALUE}\n", file_path=LOG),
    ],
    "from a file of the client": lambda writer: [
        *_call(writer, "t1", "Bash", SAVED, command="vault kv get a/b"),
        *_call(writer, "t2", "Bash", VALUE, command=f"tail -1 {LOG}"),
    ],
    "from a copy": lambda writer: [
        *_call(writer, "t1", "Bash", "", command="cp .env /srv/x"),
        *_call(writer, "t2", "Bash", VALUE, command="cat /srv/x"),
    ],
    "from a file that was written": lambda writer: [
        *_call(writer, "t1", "Bash", "", command="op read op://a/b/c > note.txt"),
        *_call(writer, "t2", "Read", VALUE, file_path="/home/user/project/note.txt"),
    ],
    "in the user's shell": lambda writer: _typed(writer, "pass show x", VALUE),
    "from a browser": lambda writer: _call(
        writer, "t1", "mcp__browser__evaluate", VALUE, function="() => document.cookie"
    ),
}


@pytest.fixture(params=[True, False], ids=["tool calls", "no tool calls"])
def bench(
    tmp_path: Path, build_redactor: Callable[[], Redactor], request: pytest.FixtureRequest
) -> Iterator[Bench]:
    """Return a pump with real rules that a restart builds again."""
    policy = Policy(tool_calls=request.param)
    bench = Bench(tmp_path, redactor=build_redactor(), build_redactor=build_redactor, policy=policy)
    yield bench
    bench.close()


def _everything(bench: Bench) -> str:
    return "\n".join(bench.database.read().iterdump())


@pytest.mark.parametrize("step", ["together", "apart", "restarted"])
@pytest.mark.parametrize("arrival", ARRIVALS.values(), ids=ARRIVALS.keys())
def test_what_was_printed_is_known(
    bench: Bench, arrival: Callable[[Writer], list[Any]], step: str
) -> None:
    """Its output is not kept, nor is what it printed anywhere else; also where calls are not."""
    writer = Writer()
    for row in [*arrival(writer), writer.prompt(f"It says {VALUE} there.")]:
        bench.append(bench.path(), row)
        if step != "together":
            bench.catch_up()
        if step == "restarted":
            bench.restart()
    bench.catch_up()
    dump = _everything(bench)
    assert "It says [REDACTED:file:" in dump
    assert VALUE not in dump


@pytest.mark.parametrize(
    "arrival",
    [
        lambda writer: _call(writer, "t1", "Bash", VALUE, command="git log -1"),
        lambda writer: _call(writer, "t1", "BashOutput", TASK, bash_id="b8"),
        lambda writer: _typed(writer, "ls", VALUE),
    ],
    ids=["Bash", "another task", "the user's shell"],
)
def test_other_output_is_kept(bench: Bench, arrival: Callable[[Writer], list[Any]]) -> None:
    """It is what the user works with."""
    writer = Writer()
    bench.append(bench.path(), *arrival(writer), writer.prompt(f"It says {VALUE} there."))
    bench.catch_up()
    assert f"It says {VALUE} there." in _everything(bench)


def test_the_size_of_a_typed_command_s_output_is_kept(bench: Bench) -> None:
    """As of a tool's."""
    writer = Writer()
    bench.append(bench.path(), *_typed(writer, "cat .env", "A=b\nC=d"))
    bench.catch_up()
    rows = stored_messages.session_messages(bench.database, SESSION)
    assert [row.kind for row in rows[1:]] == ["command", "command_output"]
    assert rows[2].parts[0].content == {"lines": 2, "bytes": 7}


@pytest.mark.parametrize("is_restarted", [False, True], ids=["one run", "restarted"])
@pytest.mark.parametrize("command", ["tail -1 data/users.csv", "grep bob users.csv"])
def test_other_rows_of_a_table_with_passwords_are_not_kept(
    bench: Bench, command: str, *, is_restarted: bool
) -> None:
    """They come without the header that says which column has them."""
    writer = Writer()
    head = _call(writer, "t1", "Bash", TABLE, command="head -2 data/users.csv")
    rest = _call(writer, "t2", "Bash", f"9,bob,{VALUE}", command=command)
    bench.append(bench.path(), *head)
    bench.catch_up()
    if is_restarted:
        bench.restart()
    bench.append(bench.path(), *rest)
    bench.catch_up()
    assert VALUE not in _everything(bench)


@pytest.mark.parametrize("text", ["x" * 1_000_000, "." * 1_000_000], ids=["a word", "dots"])
def test_a_long_command_is_read_in_time_proportional_to_it(text: str) -> None:
    """Nothing else of the daemon runs meanwhile: no page, no answer to `status`."""
    writer = Writer()
    batch = parse_rows(*_call(writer, "t1", "Bash", "ok", command=f"echo {text}"))
    began = time.process_time()
    CallHistory().read(batch, lambda _ids: {}, lambda _call: None)
    assert time.process_time() - began < 0.8


def test_other_rows_of_an_ordinary_table_are_kept(bench: Bench) -> None:
    """A column of tokens may have words."""
    writer = Writer()
    head = _call(writer, "t1", "Bash", "step,token\n1,the\n", command="head -2 words.csv")
    rest = _call(writer, "t2", "Bash", "9,bicycle", command="tail -1 words.csv")
    bench.append(bench.path(), *head, *rest)
    bench.catch_up()
    dump = _everything(bench)
    assert ("9,bicycle" in dump) is ("1,the" in dump)
