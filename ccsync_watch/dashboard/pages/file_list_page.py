"""The files that Claude changed, by project, from where the last page ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.dashboard.page import Context, Page
from ccsync_watch.dashboard.query_params import (
    build_query,
    exact_param,
    number_param,
    text_param,
)
from ccsync_watch.store import call_index, file_list

if TYPE_CHECKING:
    from starlette.requests import Request

    from ccsync_watch.dashboard.site import Site

INDEX_WAIT_SECONDS = 0.05
"""How long a page waits for what was stored last; the rest is counted while it is read."""
_PAGE_FILES = 50
_SORTS: dict[file_list.FileSort, str] = {"recent": "latest change", "path": "path"}


def index_context(site: Site) -> Context:
    """Return what a page of the index of calls says of the index, after waiting for it a little."""
    site.calls.wait(INDEX_WAIT_SECONDS)
    return {
        "unread": call_index.count_unread(site.database),
        # Where calls are not stored, nothing is known of them.
        "are_calls_stored": site.figures.known_calls(0) is not None,
        "progress": site.figures.import_progress(),
    }


def build_context(site: Site, request: Request) -> Context:
    """Return the files that match the address, and how many there are."""
    state = index_context(site)
    params = {
        "q": text_param(request, "q"),
        "project": exact_param(request, "project"),
        "sort": text_param(request, "sort"),
    }
    sort: file_list.FileSort = "path" if params["sort"] == "path" else "recent"
    file_filter = file_list.FileFilter(params["project"] or None, params["q"])
    key = number_param(request, "key")
    value = exact_param(request, "after") if sort == "path" else number_param(request, "after")
    after = None if key is None or value is None else file_list.FilePageEnd(value, key)
    rows, end = file_list.list_files(
        site.database, file_filter, sort=sort, after=after, limit=_PAGE_FILES
    )
    return {
        **state,
        "params": params,
        "projects": file_list.file_projects(site.database),
        "sorts": _SORTS,
        "rows": rows,
        "count": file_list.count_files(site.database, file_filter),
        "more": end and build_query(params, after=end.value, key=end.key),
        "is_filtered": bool(params["q"] or params["project"]),
        "is_first": after is None,
        "build_query": build_query,
    }


PAGE = Page(
    name="files",
    path="/files",
    title="Files",
    template="files.html",
    build_context=build_context,
    navigation=3,
)
