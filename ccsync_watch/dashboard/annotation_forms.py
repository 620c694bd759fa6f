"""The forms by which a person stars, names, tags and marks: read here, stored by the daemon."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from ccsync_watch.dashboard.forms import read_form
from ccsync_watch.dashboard.marked_messages import MEDIA_TYPE, iterate_marked
from ccsync_watch.dashboard.pages.session_page import require_session
from ccsync_watch.dashboard.query_params import build_query, text_param
from ccsync_watch.errors import CcsyncError
from ccsync_watch.store.annotation_writer import MarkChange, SessionChange
from ccsync_watch.store.conversations import find_message
from ccsync_watch.store.session_annotations import MARKS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from ccsync_watch.dashboard.site import Site

_NO_MARK = "none"


class AnnotationForms:
    """The handlers of the forms. A change waits for the daemon in a thread that no page needs."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._thread = ThreadPoolExecutor(1, "dashboard-changes")

    def routes(self) -> list[Route]:
        """Return the routes that the forms are sent to, and that of the marked messages."""
        return [
            Route("/sessions/{session_id}/annotations", self._annotate, methods=["POST"]),
            Route("/sessions/{session_id}/marks", self._mark, methods=["POST"]),
            Route("/marks.jsonl", self._export_marked),
        ]

    async def _annotate(self, request: Request) -> Response:
        fields = await read_form(request)
        session_id = request.path_params["session_id"]
        starred = _field(fields, "starred")
        await self._store(
            session_id,
            SessionChange(
                session_id,
                is_starred=None if starred is None else starred == "1",
                name=_field(fields, "name"),
                note=_field(fields, "note"),
                tags=_field(fields, "tags"),
            ),
        )
        return _to_page(session_id, agent_id=_field(fields, "agent"))

    async def _mark(self, request: Request) -> Response:
        """Mark a message: a button's value is the mark, the subagent and the message's name."""
        fields = await read_form(request)
        session_id = request.path_params["session_id"]
        mark, agent_id, name = (*(_field(fields, "mark") or "").split(" ", 2), "", "")[:3]
        if mark not in {*MARKS, _NO_MARK}:
            raise HTTPException(400, f"A message is marked as {', '.join(MARKS)} or {_NO_MARK}.")
        message = await asyncio.get_running_loop().run_in_executor(
            self._thread,
            lambda: find_message(self._site.database, session_id, agent_id or None, name),
        )
        if message is None:
            raise HTTPException(404, "This message is not stored here.")
        change = MarkChange(
            message.id,
            session_id,
            message.agent_id,
            next((known for known in MARKS if known == mark), None),
            _field(fields, "note"),
        )
        await self._store(session_id, change)
        return _to_page(session_id, agent_id=agent_id, at=name)

    async def _store(self, session_id: str, change: SessionChange | MarkChange) -> None:
        """Have the daemon store a change. Raises HTTPException, if nothing was changed."""

        def store() -> None:
            require_session(self._site, session_id)
            self._site.daemon.annotate(change)

        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, store)
        except CcsyncError as error:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, f"{error}.") from None

    async def _export_marked(self, request: Request) -> Response:
        """Return the marked messages, one JSON object a line, for evaluations."""
        session_id, mark = text_param(request, "session") or None, text_param(request, "mark")
        lines = iterate_marked(self._site.database, session_id=session_id, mark=mark or None)

        async def stream() -> AsyncIterator[str]:
            loop = asyncio.get_running_loop()
            while (line := await loop.run_in_executor(self._thread, next, lines, None)) is not None:
                yield line

        return StreamingResponse(
            stream(),
            media_type=MEDIA_TYPE,
            headers={"Content-Disposition": 'attachment; filename="marks.jsonl"'},
        )


def _field(fields: dict[str, list[str]], name: str) -> str | None:
    values = fields.get(name)
    return None if values is None else values[0].replace("\r\n", "\n")


def _to_page(session_id: str, *, agent_id: str | None, at: str = "") -> Response:
    """Return to the session's page, at the message that was marked."""
    address = f"/sessions/{quote(session_id, safe='')}"
    query = build_query({"agent": agent_id, "at": at}) if agent_id or at else ""
    fragment = f"#m-{quote(at)}" if at else ""
    return RedirectResponse(f"{address}{query}{fragment}", HTTPStatus.SEE_OTHER)
