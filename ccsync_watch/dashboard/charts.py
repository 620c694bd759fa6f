"""Charts as SVG: bars by day, grids of activity, the turns of a session; pure.

Colours and sizes come from the style sheet by class, as the content security policy allows no style
in the markup. Each mark has a title with its figures as text.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from markupsafe import Markup, escape

from ccsync_watch import units
from ccsync_watch.dashboard.local_time import WEEKDAYS

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence

    from ccsync_watch.dashboard.conversation import Turn
    from ccsync_watch.store.context_sizes import ContextSize

_WIDTH, _HEIGHT = 720, 160
_LEFT, _BOTTOM = 44, 18
_TOP_MARGIN = 8
_PLOT_HEIGHT = _HEIGHT - _BOTTOM
_LEVELS = 4
_MAX_TURNS = 400
_MIN_FILLING_TURNS = 12
_MIN_SHORT_DOLLARS = 1000
_MIN_WHOLE_DOLLARS = 10
_BEFORE = "the period before"


def stacked_bars(
    days: Sequence[str],
    series: Mapping[str, Sequence[float]],
    *,
    label: str,
    unit: str = "tokens",
    at_least: Container[str] = (),
    links: Sequence[str] = (),
    before: Sequence[float] | None = None,
) -> Markup:
    """Return bars, a stack for each day; `series` are drawn from the bottom up, in their order.

    `days` are ISO dates; each series has a value for every one of them. On the days in `at_least`
    the true amounts are higher. `links` are the addresses of the days, if they have any. `before`
    are the amounts of the previous period, which are marked.
    """
    if not days:
        return Markup()
    totals = [sum(values[at] for values in series.values()) for at in range(len(days))]
    top = _round_up(max([*totals, *(before or ())], default=0))
    step = (_WIDTH - _LEFT) / len(days)
    marks = [_grid_lines(top, unit)]
    for at, day in enumerate(days):
        amounts = {name: values[at] for name, values in series.items()}
        title = f"{day}: {_describe(amounts, unit, is_partial=day in at_least)}"
        if before is not None:
            title += f"; {_BEFORE} {_amount(before[at], unit)}"
        bar = _stack(title, amounts, at=at, step=step, top=top, before=before[at] if before else 0)
        marks.append(_linked(bar, links[at], title, is_first=not at) if links else bar)
    for number, at in enumerate(range(0, len(days), max(1, len(days) // 8))):
        # Where it is narrow, every second or third one is shown.
        kind = f"{' odd' if number % 2 else ''}{'' if number % 3 else ' third'}"
        x = _LEFT + step * at + step / 2
        text = f"{date.fromisoformat(days[at]):%d %b}"
        marks.append(f'<text class="axis day{kind}" x="{x:.1f}" y="{_HEIGHT - 4}">{text}</text>')
    # The chart's label names a single series already.
    named = [(f"s{number}", name) for number, name in enumerate(series) if len(series) > 1]
    if before is not None:
        named.append(("before", _BEFORE))
    legend = "".join(f'<li class="{kind}"><span>{escape(name)}</span></li>' for kind, name in named)
    after = f'<ul class="legend">{legend}</ul>' if named else ""
    return _figure(label, "".join(marks), _WIDTH, _HEIGHT, after)


def _linked(marks: str, address: str, text: str, *, is_first: bool) -> str:
    """Return marks as a link. The Tab key reaches the first one of a chart, arrows the others."""
    order = "" if is_first else ' tabindex="-1"'
    return f'<a href="{escape(address)}" aria-label="{escape(text)}"{order}>{marks}</a>'


def _describe(amounts: Mapping[str, float], unit: str, *, is_partial: bool) -> str:
    """Return the parts of a day's bar with their amounts."""
    sign = "≥ " if is_partial else ""
    parts = [f"{name} {sign}{_amount(amount, unit)}" for name, amount in amounts.items() if amount]
    return ", ".join(parts) or ("unpriced" if is_partial else "nothing")


def _stack(
    title: str,
    amounts: Mapping[str, float],
    *,
    at: int,
    step: float,
    top: float,
    before: float = 0,
) -> str:
    """Return one day's bar, and an area as high as the chart that shows its title."""
    width = max(1.0, min(step * 0.78, 46))
    x = _LEFT + step * at + (step - width) / 2
    y = float(_PLOT_HEIGHT)
    bars = []
    for number, amount in enumerate(amounts.values()):
        height = amount / top * (_PLOT_HEIGHT - _TOP_MARGIN) if top else 0
        y -= height
        if height > 0:
            bars.append(
                f'<rect class="s{number}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}"'
                f' height="{height:.1f}"/>'
            )
    if before and top:
        y = _PLOT_HEIGHT - before / top * (_PLOT_HEIGHT - _TOP_MARGIN)
        bars.append(
            f'<line class="before" x1="{x - 1:.1f}" x2="{x + width + 1:.1f}" y1="{y:.1f}"'
            f' y2="{y:.1f}"/>'
        )
    return (
        f'<g class="bar"><title>{escape(title)}</title>'
        f'<rect class="hit" x="{_LEFT + step * at:.1f}" y="0" width="{step:.1f}"'
        f' height="{_PLOT_HEIGHT}"/>{"".join(bars)}</g>'
    )


def _grid_lines(top: float, unit: str) -> str:
    lines = []
    for share in (0.5, 1.0):
        if unit != "USD" and not (top * share).is_integer():
            continue  # a call has no half
        y = _PLOT_HEIGHT - share * (_PLOT_HEIGHT - _TOP_MARGIN)
        text = _amount(top * share, unit, is_short=True)
        lines.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="axis left" x="{_LEFT - 6}" y="{y + 4:.1f}">{text}</text>'
        )
    return "".join(lines)


def _amount(value: float, unit: str, *, is_short: bool = False) -> str:
    if unit == "USD":
        if not is_short:
            return units.dollars(value)
        # An axis has round numbers, which have no parts of a cent; there is room for five signs.
        if value >= _MIN_SHORT_DOLLARS:
            return f"${units.short_count(value)}"
        return f"${value:,.0f}" if value >= _MIN_WHOLE_DOLLARS else f"${value:,.2f}"
    return units.short_count(value) if is_short else f"{units.full_count(value)} {unit}"


def _round_up(largest: float) -> float:
    """Return a round number at or above the largest value."""
    if largest <= 0:
        return 0.0
    scale = 10.0 ** len(str(int(largest))) if largest >= 1 else 1.0
    steps = (scale * share for share in (0.1, 0.12, 0.16, 0.2, 0.24, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0))
    return next(step for step in steps if step >= largest)


def hour_grid(
    counts: Mapping[tuple[int, int], int],
    *,
    label: str,
    link: Callable[[int, int], str] | None = None,
) -> Markup:
    """Return a grid of weekday by hour; `counts` by `(weekday, hour)`, Monday = 0.

    `link` returns the address of a weekday and hour; those without a count have no link.
    """
    is_first = True
    side, gap, left, top = 22, 3, 40, 16
    largest = max(counts.values(), default=0)
    marks = []
    for hour in range(0, 24, 3):
        x = left + (side + gap) * hour + side / 2
        marks.append(f'<text class="axis hour" x="{x:.0f}" y="10">{hour}</text>')
    for weekday, name in enumerate(WEEKDAYS):
        y = top + (side + gap) * weekday
        marks.append(f'<text class="axis hour left" x="{left - 6}" y="{y + 15}">{name}</text>')
        for hour in range(24):
            count = counts.get((weekday, hour), 0)
            title = f"{name} {hour}:00: {count:,} prompts"
            mark = (
                f'<rect class="level{_level(count, largest)}" x="{left + (side + gap) * hour}"'
                f' y="{y}" width="{side}" height="{side}" rx="4"><title>{title}</title></rect>'
            )
            if count and link is not None:
                mark = _linked(mark, link(weekday, hour), title, is_first=is_first)
                is_first = False
            marks.append(mark)
    return _figure(label, "".join(marks), left + (side + gap) * 24, top + (side + gap) * 7)


def calendar_grid(
    counts: Mapping[str, int],
    today: date,
    *,
    label: str,
    weeks: int = 53,
    link: Callable[[date], str] | None = None,
) -> Markup:
    """Return a year of days, a column a week; `counts` by ISO date; `link` as for hours."""
    is_first = True
    side, gap, left, top = 11, 2, 28, 14
    first = today - timedelta(days=today.weekday() + 7 * (weeks - 1))
    largest = max(counts.values(), default=0)
    marks = []
    for weekday in (0, 2, 4):
        y = top + (side + gap) * weekday + 9
        marks.append(f'<text class="axis left" x="{left - 4}" y="{y}">{WEEKDAYS[weekday]}</text>')
    for week in range(weeks):
        monday = first + timedelta(days=7 * week)
        if monday.day <= 7:  # noqa: PLR2004 - the month's first Monday
            x = left + (side + gap) * week
            marks.append(f'<text class="axis start" x="{x}" y="9">{monday:%b}</text>')
        for weekday in range(7):
            day = monday + timedelta(days=weekday)
            if day > today:
                break
            count = counts.get(day.isoformat(), 0)
            title = f"{day}: {count:,} prompts"
            mark = (
                f'<rect class="level{_level(count, largest)}" x="{left + (side + gap) * week}"'
                f' y="{top + (side + gap) * weekday}" width="{side}" height="{side}" rx="2.5">'
                f"<title>{title}</title></rect>"
            )
            if count and link is not None:
                mark = _linked(mark, link(day), title, is_first=is_first)
                is_first = False
            marks.append(mark)
    return _figure(label, "".join(marks), left + (side + gap) * weeks, top + (side + gap) * 7)


def _level(count: int, largest: int) -> int:
    """Return 0 for nothing, else 1 to 4."""
    return 0 if not count else min(_LEVELS, 1 + int((count / largest) * (_LEVELS - 0.01)))


def turn_bars(turns: Sequence[Turn], session_id: str) -> Markup:
    """Return a session's turns as bars as wide as they took, each a link to its prompt."""
    shown = list(turns)[-_MAX_TURNS:]
    chart_width, chart_height = 960.0, 46
    # However many there are, they fill no more than the width: a third of it for the gaps and a
    # smallest width of each, the rest by the time that they took.
    gap = min(2.0, chart_width / len(shown) / 6) if shown else 0.0
    # The square root: a turn of seconds stays visible next to one of an hour.
    weights = [max(turn.duration_ms, 500) ** 0.5 for turn in shown]
    # A few do not fill it: they would be blocks, of which only the height says anything.
    filled = chart_width * min(1.0, len(shown) / _MIN_FILLING_TURNS)
    unit = (filled - 2 * gap * len(shown)) / (sum(weights) or 1)
    largest = max((turn.output_tokens for turn in shown), default=0) or 1
    x, marks = 0.0, []
    for turn, weight in zip(shown, weights, strict=True):
        width = gap + weight * unit
        height = 8 + (chart_height - 8) * turn.output_tokens / largest
        # Without any there may have been some that are not stored.
        calls = f" {units.plural(turn.calls, 'call')}," if turn.calls else ""
        text = (
            f"Turn {turn.number}: {units.duration(turn.duration_ms)},{calls}"
            f" {'' if turn.is_final else '≥ '}"
            f"{units.plural(turn.output_tokens, 'output token')}"
        )
        if turn.failed_calls:
            text += f", {turn.failed_calls:,} failed"
        name = quote(turn.name)
        marks.append(
            f'<a href="/sessions/{escape(session_id)}?at={name}#m-{name}"'
            f' aria-label="{text}"><rect class="turn{" failed" if turn.errors else ""}"'
            f' x="{x:.2f}" y="{chart_height - height:.1f}" width="{width:.2f}"'
            f' height="{height:.1f}" rx="{min(2.0, width / 3):.1f}"><title>{text}</title>'
            "</rect></a>"
        )
        x += width + gap
    label = "Turns: the width is the duration, the height is the output"
    if len(shown) < len(turns):
        label = f"The last {len(shown)} turns: the width is the duration, the height is the output"
    return _figure(label, "".join(marks), chart_width, chart_height, is_stretched=True)


def context_bars(sizes: Sequence[ContextSize], session_id: str) -> Markup:
    """Return the context of each response as a bar that links to it; a line is a compaction."""
    width, height = 960.0, 60
    step = width / (len(sizes) or 1)
    top = max((size.tokens for size in sizes), default=0) or 1
    marks = []
    for at, size in enumerate(sizes):
        bar = height * size.tokens / top
        text = f"{units.full_count(size.tokens)} tokens"
        if size.responses > 1:
            text = f"at most {text} in {units.plural(size.responses, 'response')}"
        text += ", after a compaction" if size.is_after_compaction else ""
        name = quote(size.name)
        mark = (
            f'<rect class="hit" x="{step * at:.2f}" y="0" width="{step:.2f}" height="{height}"/>'
            f'<rect class="context" x="{step * at:.2f}" y="{height - bar:.1f}"'
            f' width="{step * 0.9:.2f}" height="{bar:.1f}"><title>{text}</title></rect>'
        )
        if size.is_after_compaction:
            mark += f'<rect class="compaction" x="{step * at:.2f}" y="0" width="1.5" height="60"/>'
        address = f"/sessions/{session_id}?at={name}#m-{name}"
        marks.append(_linked(mark, address, text, is_first=not at))
    label = "Context of each response: the height is its tokens, a line is a compaction"
    return _figure(label, "".join(marks), width, height, is_stretched=True)


def _figure(
    label: str,
    marks: str,
    width: float,
    height: float,
    after: str = "",
    *,
    is_stretched: bool = False,
) -> Markup:
    """Return a figure; every text in `marks` is a number, a date, or escaped.

    A stretched one, which has no text of its own, is as wide as the page whatever its height.
    """
    ratio = ' preserveAspectRatio="none"' if is_stretched else ""
    return Markup(  # noqa: S704 - as above
        f'<figure class="chart"><svg viewBox="0 0 {width:.0f} {height:.0f}"{ratio} role="group"'
        f' aria-label="{escape(label)}">{marks}</svg>{after}</figure>'
    )
