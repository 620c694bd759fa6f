"""The client's own texts around a tool's result."""

from __future__ import annotations

import time

import pytest

from ccsync_watch.transcripts.result_wrappers import unwrap_result

TRAILER = "agentId: a77 (use SendMessage again)\n<usage>total_tokens: 12\ntool_uses: 3</usage>"

HANDED_BACK = (
    "  <tools-used-before-summary>Bash, Read</tools-used-before-summary>\n  \n"
    "[Subagent hand-back] What follows was written by a model.\n  All done.\n" + TRAILER
)
PERSISTED = (
    "<persisted-output>\nOutput too large (1.2MB). Full output saved to: /x/y.txt\n\n"
    "Preview (first 2KB):\nline one\nline two\n...\n</persisted-output>"
)
TOO_LARGE = (
    "Error: result (91,022 characters across 3 lines) exceeds maximum allowed tokens. Saved"
    " to /x.\nUse offset to read it."
)
OLD_TOO_LARGE = (
    'MCP tool "find_all" response (30123 tokens) exceeds maximum allowed tokens (25000).'
    " Please use pagination, filtering, or limit parameters to reduce the response size."
)


def test_what_a_search_found_has_each_link_in_a_line() -> None:
    """Its head repeats the call; links that cannot be read stay as they are."""
    results = (
        'Web search results for query: "bees"\n\nLinks: [{"title":"Bees","url":"https://e.org/1"},'
        '{"url":"https://e.org/2"},{"title":"Hive"},7]\n\nBees live in hives.\nLinks: [torn'
    )
    expected = "Bees — https://e.org/1\nhttps://e.org/2\nHive\n\nBees live in hives.\nLinks: [torn"
    assert unwrap_result(results).text == expected


@pytest.mark.parametrize(
    ("text", "inner", "names"),
    [
        (
            PERSISTED,
            "line one\nline two",
            ("output too large (1.2MB), only its beginning was shown to the model",),
        ),
        (
            "<persisted-output>\nsome words",
            "some words",
            ("output too large, only its beginning was shown to the model",),
        ),
        (
            "<tool_use_error>File has not been read yet.</tool_use_error>",
            "File has not been read yet.",
            ("the call itself was wrong",),
        ),
        (
            TOO_LARGE,
            "",
            ("result too large (91,022 characters across 3 lines), saved to a file instead",),
        ),
        (
            OLD_TOO_LARGE,
            "",
            ("result too large (30123 tokens), not shown to the model",),
        ),
        (
            HANDED_BACK,
            "All done.",
            ("subagent used Bash, Read", "report of a subagent"),
        ),
        (
            "[Subagent hand-back] By a model:\n  Two:\n    - beds\n\n    - hens\n" + TRAILER,
            "Two:\n  - beds\n\n  - hens",
            ("report of a subagent",),
        ),
        (
            "  Stopped early.\n\n[Subagent hand-back] By a model:\n  Two beds\n",
            "Stopped early.\n\nTwo beds",
            ("report of a subagent",),
        ),
        (
            "Async agent launched successfully. (Internal.)\nagentId: a7 (internal ID)\nWorking.",
            "",
            ("subagent started in the background",),
        ),
        (
            "one\nCommand was manually backgrounded by user (b). Output is being written to: x",
            "one",
            ("command backgrounded by user, its output goes to a file",),
        ),
        (
            "Command running in background with ID: b7. Output is being written to: /x.\nWait.",
            "",
            ("command running in background, its output goes to a file",),
        ),
        (
            "Spawned successfully. (Never quote it.)\nagent_id: rosé@cov\nname: rosé\nIt runs now.",
            "",
            ("member of the team started (rosé)",),
        ),
        (
            "Workflow launched in background. Task ID: w7\nSummary: Count them\nRun ID: w_1",
            "Count them",
            ("workflow started in the background",),
        ),
        (
            "Links: x\n\n\nREMINDER: You MUST include the sources above in your response as links.",
            "Links: x",
            (),
        ),
        (
            "found it\n\n<system-reminder>\nBe careful.\n</system-reminder>\n",
            "found it",
            ("reminder of the client left out",),
        ),
        (
            (
                "found it\n\n<system-reminder>\nBe careful.\n</system-reminder>\n"
                "\n<system-reminder>\nBe quick.\n</system-reminder>\n"
            ),
            "found it",
            ("reminder of the client left out",),
        ),
    ],
)
def test_a_wrapper_is_named_and_left_out(text: str, inner: str, names: tuple[str, ...]) -> None:
    """What the tool said stays."""
    result = unwrap_result(text)
    assert (result.text, result.names) == (inner, names)


def test_a_subagents_figures_are_left_out_behind_its_report() -> None:
    """They are known from the transcript; elsewhere such lines are the tool's own output."""
    text = f"All is well.\n{TRAILER}"
    assert unwrap_result(text, is_of_subagent=True).text == "All is well."
    assert unwrap_result(text).text == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "the log says <tool_use_error>no</tool_use_error> twice",
        "see <persisted-output> in the manual",
        "we print <system-reminder>x</system-reminder>",
        "the limit: it exceeds maximum allowed tokens",
        "<system-reminder>x</system-reminder> and more",
    ],
)
def test_a_text_that_only_quotes_a_wrapper_stays(text: str) -> None:
    """A tool may print anything."""
    assert unwrap_result(text) == (text, (), False)


@pytest.mark.parametrize(
    ("text", "is_error"),
    [
        ("<tool_use_error>x</tool_use_error>", True),
        ("<persisted-output>x", False),
        (TOO_LARGE, False),
    ],
)
def test_an_error_of_the_client_is_one_whatever_the_row_says(
    text: str,
    is_error: bool,  # noqa: FBT001 - a value of the table
) -> None:
    """The output of an MCP tool that was saved to a file is none: the tool did what was asked."""
    assert unwrap_result(text).is_error is is_error


@pytest.mark.parametrize(
    "text",
    [
        "  \n" * 20_000 + "x [Subagent hand-back]",
        "\n" * 20_000 + "Output is being written to: x",
        " " * 20_000 + "\n<tools-used-before-summary>",
        "<persisted-output>" + "\n" * 20_000,
    ],
)
def test_long_texts_are_read_in_time(text: str) -> None:
    """Output of tools is read whole before it is cut."""
    began = time.process_time()
    unwrap_result(text)
    assert time.process_time() - began < 1.0


def test_a_long_text_has_its_wrappers_at_its_ends() -> None:
    """What it quotes in its middle is not looked at; a trailer may be long itself."""
    body = "line\n" * 2000
    assert unwrap_result(f"<tool_use_error>{body}") == (
        body.strip(),
        ("the call itself was wrong",),
        True,
    )
    reminder = f"<system-reminder>\n{body}</system-reminder>"
    assert unwrap_result(f"{body}{reminder}").text == body.strip()
