"""One module for each page. It defines `PAGE`, and nothing else has to be touched to add one."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccsync_watch.dashboard.page import Page


def load_pages() -> list[Page]:
    """Return the page of every module here, those with a fixed path first: the first match wins."""
    pages: list[Page] = [
        import_module(f"{__name__}.{module.name}").PAGE for module in iter_modules(__path__)
    ]
    return sorted(pages, key=lambda page: "{" in page.path)
