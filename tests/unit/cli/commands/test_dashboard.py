"""`dashboard` and `open`: which page the link leads to."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from starlette.responses import JSONResponse

from ccsync_watch.cli import main
from support.state_folder import StateFolder

LINK = "http://ccsync.localhost:8377/enter?link=abc"


@pytest.mark.parametrize(
    ("page", "to"),
    [
        ("sessions", "/sessions"),
        ("/sessions", "/sessions"),
        ("search?q=index", "/search%3Fq%3Dindex"),
        ("http://ccsync.localhost:8377/sync", "/sync"),
        ("http://evil.example/sync", None),
        ("localhost:8377/sync", None),
        ("//evil.example", None),
    ],
)
def test_a_page_is_named_as_people_type_it(
    page: str, to: str | None, env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """By its address, its path or its name; never another host's."""

    async def answer(_request: object) -> JSONResponse:
        return JSONResponse({"url": LINK, "problem": None})

    with tempfile.TemporaryDirectory(prefix="t-") as folder:
        state = StateFolder(Path(folder))
        with state.serve(answer, path="/v1/dashboard"):
            code = main(
                ["open", page, "--print-only"], {**env, "CCSYNC_WATCH_HOME": os.fspath(folder)}
            )
    shown = capsys.readouterr()
    assert code == (0 if to else 2)
    assert shown.out == (f"{LINK}&to={to}\n" if to else "")
    assert to or "not a page of the dashboard" in shown.err
