"""What the control API's tests share: a state folder, and a handler of requests."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from starlette.responses import JSONResponse, Response

from support.state_folder import StateFolder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

    from support.state_folder import Handler


@pytest.fixture
def state() -> Iterator[StateFolder]:
    """Return an empty state folder."""
    with tempfile.TemporaryDirectory(prefix="t-") as folder:
        yield StateFolder(Path(folder))


@pytest.fixture
def answer_method() -> Handler:
    """Return a handler that answers with the method and the body of the request."""

    async def answer(request: Request) -> Response:
        fields: dict[str, Any] = {"method": request.method, "body": (await request.body()).decode()}
        return JSONResponse(fields)

    return answer
