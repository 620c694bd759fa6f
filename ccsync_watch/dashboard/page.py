"""What a page declares of itself; routes, navigation and titles follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from ccsync_watch.dashboard.site import Site

Context: TypeAlias = dict[str, Any]
"""The variables of a template. A page may set `title` where its own is better than the usual."""

ContextBuilder: TypeAlias = "Callable[[Site, Request], Context]"


@dataclass(frozen=True, slots=True)
class Page:
    """One page: the module that defines it has it as `PAGE`.

    `name` is unique, and the body's CSS class is `page-NAME`. `template` is a file of `templates/`.
    `navigation` is the page's rank among the links of the header, which show its title; None leaves
    it out, and `section` then names the page whose link is marked as the current one.
    `is_streamed`: what its template has before each `send_now` is sent before the rest is made.
    """

    name: str
    path: str
    title: str
    template: str
    build_context: ContextBuilder
    navigation: int | None = None
    section: str | None = None
    is_streamed: bool = False

    @property
    def current_section(self) -> str:
        """The page whose link in the header is marked while this one is open."""
        return self.section or self.name
