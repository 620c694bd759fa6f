"""Render templates: escaping is on, and a variable that is not set is an error."""

from __future__ import annotations

import contextlib
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ccsync_watch import __version__, units
from ccsync_watch.accounting.account import COST_SOURCES, format_cost
from ccsync_watch.dashboard import charts, code_highlighting, local_time, markup
from ccsync_watch.dashboard.entry_facts import marked_entry, upload_of
from ccsync_watch.dashboard.folded_texts import FOLDED_KINDS, fold_long
from ccsync_watch.dashboard.json_text import compact_json, indented_json
from ccsync_watch.dashboard.shown_models import short_model
from ccsync_watch.dashboard.tool_views import build_view, tool_label
from ccsync_watch.plain_text import plain_text
from ccsync_watch.store.session_annotations import MARKS
from ccsync_watch.transcripts.kept_files import describe_file, describe_values
from ccsync_watch.transcripts.project_folders import shown_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ccsync_watch.accounting.account import Cost
    from ccsync_watch.dashboard.conversation import EntryItem
    from ccsync_watch.dashboard.page import Context, Page
    from ccsync_watch.dashboard.tool_blocks import ToolView
    from ccsync_watch.store.failure_list import FailedCall

TEMPLATE_FOLDER = Path(__file__).parent / "templates"
STATIC_FOLDER = Path(__file__).parent / "static"
_MAX_LINE_CHARS = 200
_MIN_ROUNDED_USD = 0.01
_SEND_NOW = Markup("<!-- send -->")
_EXIT_CODE = re.compile(r"(?:Error: )?Exit code \d+")


class Templates:
    """The templates, which share the navigation of `pages`.

    `is_shared`: they make a file for other people, without forms and links to pages.
    """

    def __init__(self, pages: Sequence[Page], *, is_shared: bool = False) -> None:
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
            described_values=describe_values,
            date_and_time=local_time.date_and_time,
            day=local_time.day_name,
            dollars=units.dollars,
            duration=units.duration,
            estimated_duration=units.estimated_duration,
            fold_long=fold_long,
            full_count=units.full_count,
            iso_utc=local_time.iso_utc,
            local_day=local_time.local_day,
            marked_entry=marked_entry,
            markdown=markup.render_markdown,
            message=markup.render_message,
            plural=units.plural,
            percent=units.percent,
            rounded_cost=rounded_cost,
            indented_json=indented_json,
            short_count=units.short_count,
            short_model=short_model,
            tool_label=tool_label,
            size=units.size,
            snippet=markup.render_snippet,
            shown_path=lambda path, folder: shown_path(path, [folder] if folder else []),
            terminal_text=markup.render_terminal_text,
            text=markup.render_text,
            upload_of=upload_of,
            time_of_day=local_time.time_of_day,
            tool_view=lambda item, folder: build_view(
                item.tool_name, item.content, item.outcome, folder, item.tasks
            ),
            call_output=_call_output,
            failed_call_view=_failed_call_view,
            first_error_line=_first_error_line,
        )
        self._environment.globals.update(
            charts=charts,
            cost_sources=COST_SOURCES,
            folded_kinds=FOLDED_KINDS,
            is_shared=is_shared,
            mark_names=MARKS,
            send_now=_SEND_NOW,
            navigation=sorted(
                (page for page in pages if page.navigation is not None),
                key=lambda page: page.navigation or 0,
            ),
            static=_static_urls(),
            version=__version__,
        )

    def iterate_page(
        self, page: Page, context: Context, *, token: str, now_ms: int
    ) -> Iterator[str]:
        """Yield a page's HTML in the pieces that its template wants sent; all in one thread.

        `token` is in each form that changes something.
        """
        frame = {
            "token": token,
            "page_name": page.name,
            "title": page.title,
            "section": page.current_section,
            "now_ms": now_ms,
        }
        pieces: list[str] = []
        with code_highlighting.limit_page():
            for piece in self._environment.get_template(page.template).generate(
                {**frame, **context}
            ):
                if piece == _SEND_NOW:
                    yield "".join(pieces)
                    pieces.clear()
                else:
                    pieces.append(piece)
        yield "".join(pieces)

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
        with code_highlighting.limit_page():
            return self._environment.get_template(template).render(context)


def rounded_cost(cost: Cost) -> str:
    """Return a cost in a column of costs: in cents from one cent on, so that they align."""
    shown = format_cost(cost)
    is_shown_in_cents = cost.usd is not None and cost.usd >= _MIN_ROUNDED_USD
    return f"{shown.partition('$')[0]}${cost.usd:,.2f}" if is_shown_in_cents else shown


def _call_output(item: EntryItem, view: ToolView) -> Markup:
    """Return the text of a call's result, in the way that its view asks for."""
    output = (item.outcome.output if item.outcome else None) or ""
    if view.output == "json":
        with contextlib.suppress(orjson.JSONDecodeError):
            output = indented_json(orjson.loads(output))
    shown = markup.render_terminal_text(output, item.styles if view.output != "json" else ())
    return Markup('<pre class="output">{}</pre>').format(shown)


def _failed_call_view(call: FailedCall) -> ToolView:
    """Return how a failed call is shown, as its session shows it."""
    return build_view(call.tool, call.arguments, call.outcome, call.project)


def _first_error_line(output: str) -> str:
    """Return the line of a failed call's output that says what went wrong."""
    lines = [line.strip() for line in plain_text(output).splitlines() if line.strip()]
    said = next((line for line in lines if not _EXIT_CODE.fullmatch(line)), "")
    return f"{said[:_MAX_LINE_CHARS]}…" if len(said) > _MAX_LINE_CHARS else said


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
        for path in STATIC_FOLDER.iterdir()
        if path.is_file()
    }
