"""Render templates: escaping is on, and a variable that is not set is an error."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ccsync_watch import __version__, units
from ccsync_watch.accounting.account import COST_SOURCES, format_cost
from ccsync_watch.dashboard import charts, local_time, markup
from ccsync_watch.dashboard.json_text import compact_json, indented_json
from ccsync_watch.plain_text import plain_text
from ccsync_watch.transcripts.kept_files import describe_file
from ccsync_watch.transcripts.tools import summarize_call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ccsync_watch.dashboard.page import Context, Page

TEMPLATE_FOLDER = Path(__file__).parent / "templates"
_STATIC_FOLDER = Path(__file__).parent / "static"


class Templates:
    """The templates, which share the navigation of `pages`."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATE_FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            finalize=_plain,
        )
        self._environment.filters.update(
            ago=units.age,
            cost=format_cost,
            described_file=describe_file,
            date_and_time=local_time.date_and_time,
            dollars=units.dollars,
            duration=units.duration,
            full_count=units.full_count,
            iso_utc=local_time.iso_utc,
            markdown=markup.render_markdown,
            message=markup.render_message,
            plural=units.plural,
            percent=units.percent,
            indented_json=indented_json,
            short_count=units.short_count,
            size=units.size,
            snippet=markup.render_snippet,
            summary=summarize_call,
            terminal_text=markup.render_terminal_text,
            text=markup.render_text,
            time_of_day=local_time.time_of_day,
        )
        self._environment.globals.update(
            charts=charts,
            cost_sources=COST_SOURCES,
            navigation=sorted(
                (page for page in pages if page.navigation is not None),
                key=lambda page: page.navigation or 0,
            ),
            static=_static_urls(),
            version=__version__,
        )

    def render_page(self, page: Page, context: Context, *, token: str, now_ms: int) -> str:
        """Return a page as HTML. `token` is in each form that changes something."""
        frame = {
            "token": token,
            "page_name": page.name,
            "title": page.title,
            "section": page.current_section,
            "now_ms": now_ms,
        }
        return self._environment.get_template(page.template).render({**frame, **context})

    def render_error(self, status: int, message: str, *, path: str) -> str:
        """Return a page that says what went wrong with a request for `path`."""
        return self._environment.get_template("error.html").render(
            page_name="error",
            title=str(status),
            section=None,
            status=status,
            message=message,
            path=path,
        )

    def render_fragment(self, template: str, context: Context) -> str:
        """Return a part of a page."""
        return self._environment.get_template(template).render(context)


def _plain(value: object) -> object:
    """Return what a page shows of a value: texts plain, and nothing as Python would write it."""
    if value is None:
        return units.UNKNOWN
    if isinstance(value, (dict, list, tuple)):
        return compact_json(value)  # type: ignore[arg-type]  # of the store, so of JSON
    if type(value) is str:  # not Markup, which is rendered already
        return plain_text(value)
    if isinstance(value, bool):
        return units.yes_or_no(value)
    return value


def _static_urls() -> dict[str, str]:
    """Return the address of each static file, which changes with its content."""
    return {
        path.name: f"/static/{path.name}?{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"
        for path in _STATIC_FOLDER.iterdir()
        if path.is_file()
    }
