"""The templates with what they may use: escaping is on, a name that is not given is an error."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ccsync_watch import __version__, units
from ccsync_watch.dashboard import charts, formatting, markup

FOLDER = Path(__file__).parent / "templates"
_STATIC = Path(__file__).parent / "static"


class Templates:
    """Renders pages. `token` stands in every form of theirs."""

    def __init__(self, token: str) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters.update(
            ago=units.age,
            chips=markup.plain,
            clock=formatting.clock,
            full=units.full_count,
            iso=formatting.iso,
            markdown=markup.markdown,
            moment=formatting.moment,
            money=units.dollars,
            percent=units.percent,
            short=units.short_count,
            size=units.size,
            snippet=markup.snippet,
            span=units.duration,
            summary=formatting.summary_of,
            tojson_pretty=formatting.pretty,
        )
        self._environment.globals.update(
            charts=charts,
            static=_static_urls(),
            token=token,
            version=__version__,
        )

    def render(self, name: str, given: dict[str, Any]) -> str:
        """Return a template's text."""
        return self._environment.get_template(name).render(given)


def _static_urls() -> dict[str, str]:
    """Return the address of each static file, which changes with its content."""
    return {
        path.name: f"/static/{path.name}?{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"
        for path in _STATIC.iterdir()
        if path.is_file()
    }
