"""Filters of `stats` and `prune` that nothing stored matches, and the names that may be meant."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from ccsync_watch.accounting.model_names import plain_key
from ccsync_watch.accounting.selections import matches_model, matches_name, matches_project
from ccsync_watch.accounting.usage_groups import used_models

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ccsync_watch.accounting.selections import Selection
    from ccsync_watch.store.database import Database

_MAX_MEANT = 3


@dataclass(frozen=True, slots=True)
class UnmatchedFilter:
    """A filter by its option (`project`), what it was set to, and the nearest stored names."""

    option: str
    pattern: str
    meant: tuple[str, ...]


def unmatched_filters(database: Database, selection: Selection) -> list[UnmatchedFilter]:
    """Return the filters that match nothing at all, at no time; those that are not set are not."""
    unmatched = []
    if selection.project is not None:
        unmatched += unmatched_projects(database, (selection.project,))
    if selection.model is not None:
        models = used_models(database)
        if not any(matches_model(model, selection.model) for model in models):
            plain = {plain_key(model) for model in models}
            parts = {part for model in plain for part in model.split("-") if part.isalpha()}
            whole = _unmatched("model", selection.model, plain)
            unmatched.append(whole if whole.meant else _unmatched("model", selection.model, parts))
    for option, column in (("host", "host"), ("branch", "git_branch")):
        pattern = getattr(selection, option)
        if pattern is None:
            continue
        names = _stored(database, column)
        if not any(matches_name(name, pattern) for name in names):
            unmatched.append(_unmatched(option, pattern, names))
    return unmatched


def unmatched_projects(database: Database, patterns: Iterable[str]) -> list[UnmatchedFilter]:
    """Return the projects of these that no session is of."""
    paths = _stored(database, "project_path")
    return [
        _unmatched("project", pattern, paths if "/" in pattern else map(_last_part, paths))
        for pattern in patterns
        if not any(matches_project(path, pattern) for path in paths)
    ]


def _stored(database: Database, column: str) -> list[str]:
    query = f"SELECT DISTINCT {column} FROM sessions WHERE NOT is_excluded"  # noqa: S608 - ours
    return [name for (name,) in database.read().execute(query) if name is not None]


def _last_part(path: str) -> str:
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2]


def _unmatched(option: str, pattern: str, names: Iterable[str]) -> UnmatchedFilter:
    by_lower = {name.lower(): name for name in names}
    near = get_close_matches(pattern.lower(), by_lower, n=_MAX_MEANT)
    return UnmatchedFilter(option, pattern, tuple(by_lower[name] for name in near))
