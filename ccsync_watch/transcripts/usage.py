"""Read the tokens of API responses from an assistant row; pure.

Today's client writes the final usage on every row of a response, older ones wrote the usage known
at that moment. So a response counts once, as its last row reports it. `response_key` says which
rows report the same one; `store.response_rows` decides where a row does not say enough.
"""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ccsync_watch.model import UncountedUsage, Usage
from ccsync_watch.records import record
from ccsync_watch.transcripts.fields import (
    identity,
    is_uuid,
    mapping,
    opaque_id,
    text,
    token_count,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

SYNTHETIC_MODEL = "<synthetic>"
# No response costs as much; a larger value is a broken write.
_MAX_COST_USD = 10_000.0
_UNREADABLE = "counts that cannot be read"
NOT_A_RESPONSE = "written by the client itself, not a response"
# What the API and the clouds name responses; it is never used twice.
_UNIQUE_ID = re.compile(r"msg_[0-9A-Za-z_]{20,}")
# The client's own id of the request: one for all rows of a response, and for copies of them.
_REQUEST_REF = "requestRef"
# In place of the id of a response of which neither the API nor the client names anything.
_UNNAMED = "unnamed"
# What the API lists of a response that the tokens of the response do not contain: an advisor's
# answers, and the summaries by which it shortens a conversation.
_FURTHER = frozenset({"advisor_message", "compaction"})
_COUNTS = (
    "input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"
)  # fmt: skip
_OPENAI_COUNTS = ("prompt_tokens", "completion_tokens")
# At the end of the id of a record that stands for one row.
ROW_MARK = "@"


class TokenCounts(NamedTuple):
    """The tokens of one request; cache writes are split by their lifetime."""

    input: int
    output: int
    cache_write_5m: int
    cache_write_1h: int
    cache_read: int
    web_searches: int = 0

    @property
    def prompt(self) -> tuple[int, int, int, int]:
        """Everything that was sent: input, cache writes and cache reads."""
        return self.input, self.cache_write_5m, self.cache_write_1h, self.cache_read

    @property
    def billed(self) -> tuple[int, int, int, int]:
        """The values that requests of one response add up to: not all rows have lifetimes."""
        write = self.cache_write_5m + self.cache_write_1h
        return self.input, self.output, write, self.cache_read


@record
class RowIdentity:
    """Where an assistant row stands, and whose it is."""

    session_id: str
    agent_id: str | None
    uuid: str
    timestamp_ms: int | None
    start: int


def read_usages(
    row: Mapping[str, Any], source: RowIdentity
) -> tuple[list[Usage], list[UncountedUsage]]:
    """Return the responses that an assistant row reports, and what it reports but does not count.

    The first response is the row's own; the others are those of an advisor, and summaries, which
    the API lists in the `iterations` of the row's, with tokens of their own.
    """
    message = mapping(row.get("message"))
    values = message.get("usage")
    is_synthetic = message.get("model") == SYNTHETIC_MODEL or row.get("isApiErrorMessage") is True
    is_final = text(message.get("stop_reason")) is not None
    if values is None:
        is_answer = is_final and not is_synthetic
        return [], [_uncounted(source, _UNREADABLE)] if is_answer else []
    is_known = isinstance(values, dict) and (not is_final or is_synthetic or _has_counts(values))
    counts = _token_counts(values) if is_known else None
    if is_synthetic and counts is not None and not any(counts):
        return [], []
    request_id = _request_id(row)
    response_id = row_response_id(row, _UNNAMED)
    if is_synthetic or counts is None:
        return [], [_uncounted(source, NOT_A_RESPONSE if is_synthetic else _UNREADABLE)]
    requester = identity(row.get("requestSessionId")) or source_session(row)
    iterations = _iterations(values)
    # A gateway's message id may be constant: then the row alone says which response it reports.
    row_id = "" if request_id or _UNIQUE_ID.fullmatch(response_id) else source.uuid
    usage = Usage(
        id=response_key(response_id, request_id, sum(counts.prompt), row_id),
        session_id=requester or source.session_id,
        agent_id=source.agent_id,
        model=text(message.get("model")),
        timestamp_ms=source.timestamp_ms,
        input_tokens=counts.input,
        output_tokens=counts.output,
        cache_write_5m_tokens=counts.cache_write_5m,
        cache_write_1h_tokens=counts.cache_write_1h,
        cache_read_tokens=counts.cache_read,
        web_searches=counts.web_searches,
        tier=text(values.get("service_tier")),
        is_marked=requester is not None,
        row_session_id=source.session_id,
        uuid=source.uuid,
        start=source.start,
        is_final=is_final,
        is_fast=values.get("speed") == "fast",
        is_us_only=values.get("inference_geo") == "us",
        cost_usd=_cost(row.get("costUSD")),
        response_id=response_id,
        request_id=request_id,
        iterations=_parts_of(counts, iterations),
    )
    if not iterations:
        return [usage], []
    response = response_key(response_id, usage.request_id, sum(counts.prompt))
    further, uncounted = _further_usages(row, usage, iterations, source, response, row_id)
    return [usage, *further], uncounted


def row_response_id(row: Mapping[str, Any], unnamed: str) -> str:
    """Return the id of the response that a row is a part of, `unnamed` if nothing says it.

    That is its message id. Where the API gave none, the client writes an empty one, and a UUID of
    its own making on each row that a fork copies: both are then known by the request alone.
    """
    message_id = opaque_id(mapping(row.get("message")).get("id"))
    if message_id is not None and not is_uuid(message_id):
        return message_id
    return opaque_id(row.get(_REQUEST_REF)) or _request_id(row) or message_id or unnamed


def response_key(response_id: str, request_id: str, prompt_tokens: int, row_id: str = "") -> str:
    """Return the id of a response: gateways give one message id to responses of many requests.

    `row_id` is that of a row if nothing in it says which response it reports.
    """
    request = f"{request_id}\0{prompt_tokens}" + (f"\0{row_id}" if row_id else "")
    digest = hashlib.blake2b(request.encode(), digest_size=6).hexdigest()
    return f"{response_id}#{digest}{ROW_MARK if row_id else ''}"


def source_session(row: Mapping[str, Any]) -> str | None:
    """Return the session that a copied row was taken from, None for an original.

    It is the nearest one: a branch of a fork has both, the branched session and the requester.
    """
    forked = "forkedFrom" in row and identity(mapping(row["forkedFrom"]).get("sessionId"))
    return forked or identity(row.get("requestSessionId"))


def _request_id(row: Mapping[str, Any]) -> str:
    """Return the id that the API gave a request, else the one that newer clients give it."""
    return opaque_id(row.get("requestId")) or opaque_id(row.get(_REQUEST_REF)) or ""


def _further_usages(
    row: Mapping[str, Any],
    usage: Usage,
    iterations: list[Mapping[str, Any]],
    source: RowIdentity,
    response: str,
    row_id: str,
) -> tuple[list[Usage], list[UncountedUsage]]:
    """Return what the tokens of the row's own response do not contain."""
    further: list[Usage] = []
    uncounted: list[UncountedUsage] = []
    for position, values in enumerate(iterations):
        kind = text(values.get("type"))
        if kind not in _FURTHER:
            continue
        is_advisor = kind == "advisor_message"
        counts = _token_counts(values)
        if counts is None:
            uncounted.append(_uncounted(source, _UNREADABLE, position))
            continue
        response_id = f"{response}/{position}"
        further.append(
            replace(
                usage,
                id=response_key(response_id, usage.request_id, sum(counts.prompt), row_id),
                model=text(values.get("model"))
                or (text(row.get("advisorModel")) if is_advisor else usage.model),
                input_tokens=counts.input,
                output_tokens=counts.output,
                cache_write_5m_tokens=counts.cache_write_5m,
                cache_write_1h_tokens=counts.cache_write_1h,
                cache_read_tokens=counts.cache_read,
                web_searches=counts.web_searches,
                is_fast=values.get("speed") == "fast" if is_advisor else usage.is_fast,
                cost_usd=None,
                response_id=response_id,
                iterations=(),
            )
        )
    return further, uncounted


def _iterations(values: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    listed = values.get("iterations")
    return [mapping(entry) for entry in listed] if isinstance(listed, list) else []


def _parts_of(total: TokenCounts, iterations: list[Mapping[str, Any]]) -> tuple[TokenCounts, ...]:
    """Return the tokens of each request of a response, if there were several and they add up."""
    if not iterations:
        return ()
    counts = [_token_counts(entry) for entry in iterations if entry.get("type") == "message"]
    counts = [part for part in counts if part is None or any(part)]
    parts = tuple(part for part in counts if part is not None)
    if len(parts) < 2 or len(parts) < len(counts):  # noqa: PLR2004 - several
        return ()
    sums = [sum(values) for values in zip(*(part.billed for part in parts), strict=True)]
    return parts if sums == list(total.billed) else ()


def _has_counts(values: Mapping[str, Any]) -> bool:
    """Return whether a usage says of any tokens how many there were, if only that there were 0."""
    names = (*_COUNTS, "cache_creation", *_OPENAI_COUNTS)
    return any(values.get(name) is not None for name in names)


def _translated(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a usage with the API's names where a gateway left those of OpenAI's.

    There, what was read from a cache is a part of the prompt. The newer of its two forms has the
    API's names for the sums, but its own for what they contain.
    """
    cached = mapping(values.get("input_tokens_details")).get("cached_tokens")
    has_read = token_count(values.get("cache_read_input_tokens")) != 0
    if cached and token_count(values.get("input_tokens")) and not has_read:
        return {**values, **_without_cached(values.get("input_tokens"), cached)}
    if not (values.get("prompt_tokens") or values.get("completion_tokens")):
        return values
    if any(map(values.get, _COUNTS)):
        return values
    cached = mapping(values.get("prompt_tokens_details")).get("cached_tokens") or cached
    return {
        **_without_cached(values.get("prompt_tokens"), cached),
        "output_tokens": values.get("completion_tokens"),
        "server_tool_use": values.get("server_tool_use"),
    }


def _without_cached(prompt: object, cached: object) -> dict[str, object]:
    """Return a prompt without its part that was read from a cache, and that part."""
    whole, part = token_count(prompt), token_count(cached)
    own = _UNREADABLE if whole is None or part is None else max(0, whole - part)
    return {"input_tokens": own, "cache_read_input_tokens": part}


def _token_counts(values: Mapping[str, Any]) -> TokenCounts | None:
    """Return the counts of a usage, None if one of them cannot be a count of tokens.

    Cache writes that older clients did not split by lifetime count as 5-minute writes, which were
    the only kind at the time.
    """
    values = _translated(values)
    lifetimes = mapping(values.get("cache_creation"))
    input_tokens = token_count(values.get("input_tokens"))
    output = token_count(values.get("output_tokens"))
    written = token_count(values.get("cache_creation_input_tokens"))
    hour = token_count(lifetimes.get("ephemeral_1h_input_tokens"))
    short = token_count(lifetimes.get("ephemeral_5m_input_tokens"))
    read = token_count(values.get("cache_read_input_tokens"))
    searches = token_count(mapping(values.get("server_tool_use")).get("web_search_requests"))
    if (
        input_tokens is None
        or output is None
        or written is None
        or hour is None
        or short is None
        or read is None
        or searches is None
    ):
        return None
    if written or not (input_tokens or output or read):
        # A fork's copies of what a compaction kept have 0 for all counts, but the lifetimes left.
        hour = min(hour, written)
        short = written - hour
    return TokenCounts(input_tokens, output, short, hour, read, searches)


def _uncounted(source: RowIdentity, reason: str, position: int | None = None) -> UncountedUsage:
    return UncountedUsage(
        session_id=source.session_id,
        agent_id=source.agent_id,
        row_id=source.uuid if position is None else f"{source.uuid}/{position}",
        reason=reason,
    )


def _cost(value: object) -> float | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    is_cost = is_number and math.isfinite(value) and 0 <= value <= _MAX_COST_USD  # type: ignore[arg-type, operator]  # a number, as just checked
    return float(value) if is_cost else None  # type: ignore[arg-type]  # as above
