"""The API key is sent only to the host that it was configured for.

Who can set a variable of a process, as a project's `.envrc` or settings do, chooses an address; the
key in the settings file is not for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ccsync_watch.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Source:
    """A source of settings: its checked values, what messages call it, and how to correct it.

    `keys_from` are the places whose key may be sent to this source's URL when they have no URL.
    """

    place: str
    values: Mapping[str, object]
    fix: str
    keys_from: tuple[str, ...] = ()


def check_key(sources: Sequence[Source]) -> None:
    """Raise ConfigError if the key in force was not configured for the URL in force.

    `sources` are in their order: later ones win.
    """
    key_source, url_source = _last(sources, "api_key"), _last(sources, "convex_url")
    if key_source is None or url_source is None or key_source.values["api_key"] is None:
        return
    url, own_url = url_source.values["convex_url"], key_source.values.get("convex_url")
    if url is None or _origin(url) == _origin(own_url):
        return
    if own_url is None and key_source.place in url_source.keys_from:
        return
    meant = f", which is for {own_url}," if own_url else ""
    raise ConfigError(
        f"the api_key in {key_source.place}{meant} is not sent to {url}, the convex_url in"
        f" {url_source.place}",
        hint=url_source.fix,
    )


def _last(sources: Sequence[Source], name: str) -> Source | None:
    return next((source for source in reversed(sources) if name in source.values), None)


def _origin(url: object) -> tuple[str, str] | None:
    """Return scheme and host with port of a URL that was checked."""
    if not isinstance(url, str):
        return None
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.netloc.lower()
