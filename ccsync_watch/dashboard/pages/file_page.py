"""One file: the sessions that changed it, and the prompts that led to each change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ccsync_watch.dashboard.page import Context, Page
from ccsync_watch.dashboard.pages.file_list_page import index_context
from ccsync_watch.dashboard.query_params import build_query, call_param, exact_param
from ccsync_watch.store import file_list, session_list, session_outline
from ccsync_watch.store.session_summaries import project_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from ccsync_watch.dashboard.site import Site
    from ccsync_watch.store.call_origins import LeadingPrompt
    from ccsync_watch.store.file_list import FileEditRow
    from ccsync_watch.store.session_list import SessionRow

_PAGE_CHANGES = 100


@dataclass(frozen=True, slots=True)
class PromptedChanges:
    """Changes of a file that one prompt led to; `prompt` is None where that is not known."""

    prompt: LeadingPrompt | None
    changes: list[FileEditRow]


@dataclass(frozen=True, slots=True)
class SessionChanges:
    """What one session changed in a file, by prompt, the latest first."""

    session: SessionRow
    prompts: list[PromptedChanges]


def build_context(site: Site, request: Request) -> Context:
    """Return the changes of the file that the address names, without one nothing of any file."""
    state = index_context(site)
    path = exact_param(request, "path")
    project = exact_param(request, "project") or None
    file = file_list.find_file(site.database, project, path)
    before = call_param(request)
    changes: Sequence[FileEditRow] = ()
    more = None
    if file is not None:
        changes = file_list.list_changes(
            site.database, file.key, before=before, limit=_PAGE_CHANGES + 1
        )
        if len(changes) > _PAGE_CHANGES:
            changes = changes[:_PAGE_CHANGES]
            last = changes[-1]
            more = {"at": last.at_ms or 0, "seq": last.seq, "part": last.position}
    groups = _group_changes(site, changes)
    seqs = {group.prompt.seq for session in groups for group in session.prompts if group.prompt}
    query = {"project": project, "path": path}
    context: Context = {
        **state,
        "file": file,
        "path": path,
        "project": project,
        "project_name": project_name(project),
        "groups": groups,
        "lines": session_outline.first_lines(site.database, sorted(seqs)),
        "more": more and build_query(query, **more),
        "is_first": before is None,
        "query": query,
        "build_query": build_query,
    }
    return {**context, "title": path.replace("\\", "/").rsplit("/", 1)[-1]} if file else context


def _group_changes(site: Site, changes: Sequence[FileEditRow]) -> list[SessionChanges]:
    """Return changes by session and prompt, both in the order of their latest change."""
    by_session: dict[str, dict[int | None, PromptedChanges]] = {}
    for change in changes:
        by_prompt = by_session.setdefault(change.call.session_id, {})
        key = change.prompt.seq if change.prompt else None
        by_prompt.setdefault(key, PromptedChanges(change.prompt, [])).changes.append(change)
    sessions = {
        session_id: session_list.load_session(site.database, session_id)
        for session_id in by_session
    }
    return [
        SessionChanges(session, list(by_session[session_id].values()))
        for session_id, session in sessions.items()
        if session is not None
    ]


PAGE = Page(
    name="file",
    path="/files/file",
    title="File",
    template="file.html",
    build_context=build_context,
    section="files",
)
