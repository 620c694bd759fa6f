"""What a text written for a terminal looks like: styles and colours, apart from the text; pure.

`rich` reads such texts too, but line by line, without what stands before a carriage return, and
would take the daemon 60 ms to load. All that is needed here are the codes of one kind of sequence.
Colours become one of few names, which the pages show so that they can be read in light and dark.
"""

from __future__ import annotations

import colorsys
import re
from typing import TYPE_CHECKING

from ccsync_watch.plain_text import split_sequences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccsync_watch.model import StyleRun

HUES = ("red", "orange", "yellow", "green", "cyan", "blue", "magenta", "grey")
STYLES = ("bold", "dim", "italic", "underline", "strike")
STYLE_NAMES = frozenset((*STYLES, *HUES, *(f"on-{hue}" for hue in HUES)))
"""The words of which a run's style consists."""

_MAX_RUNS = 5000
_STYLE = re.compile(r"(?:\x1b\[|\x9b)([0-9;:]{0,256})m")
# Black and white, of text, are the page's own colour of text.
_COLOURS = ("", "red", "green", "yellow", "blue", "magenta", "cyan", "")
_BRIGHT_COLOURS = ("grey", *_COLOURS[1:])
_CHANGES: dict[int, dict[str, str | None]] = {
    1: {"bold": "bold"}, 2: {"dim": "dim"}, 3: {"italic": "italic"}, 4: {"underline": "underline"},
    7: {"reverse": "reverse"}, 9: {"strike": "strike"}, 21: {"underline": "underline"},
    22: {"bold": None, "dim": None}, 23: {"italic": None}, 24: {"underline": None},
    27: {"reverse": None}, 29: {"strike": None}, 39: {"text": None}, 49: {"ground": None},
    **{30 + number: {"text": name} for number, name in enumerate(_COLOURS)},
    **{90 + number: {"text": name} for number, name in enumerate(_BRIGHT_COLOURS)},
    **{40 + number: {"ground": name} for number, name in enumerate(_COLOURS)},
    **{100 + number: {"ground": name} for number, name in enumerate(_BRIGHT_COLOURS)},
}  # fmt: skip
"""What a code sets, None for what it ends. Other codes are 0, which ends all, 38 and 48."""
_CUBE_LEVELS = (0, 95, 135, 175, 215, 255)
_HUE_ENDS = (
    (12, "red"), (42, "orange"), (70, "yellow"), (165, "green"), (200, "cyan"), (262, "blue"),
    (340, "magenta"), (360, "red"),
)  # fmt: skip
_MIN_SATURATION = 0.2
_MIN_LIGHT = 0.75
_MIN_VALUE = 0.15


def read_styles(text: str) -> list[StyleRun]:
    """Return the styled runs of a text, by their positions in `plain_text(text)`."""
    runs: list[StyleRun] = []
    state: dict[str, str] = {}
    at = 0
    for sequence, piece in split_sequences(text):
        codes = _STYLE.fullmatch(sequence)
        if codes:
            _apply(codes[1], state)
        end = at + len(piece)
        style = _name(state)
        if style and piece:
            if runs and runs[-1][1:] == (at, style):
                runs[-1] = (runs[-1][0], end, style)
            elif len(runs) < _MAX_RUNS:
                runs.append((at, end, style))
        at = end
    return runs


def _apply(codes: str, state: dict[str, str]) -> None:
    """Change the state as the codes of a sequence say; those that are not known change nothing."""
    # Codes with colons have their own values behind them: a curly underline, a colour.
    groups = [[int(code or 0) for code in group.split(":")] for group in codes.split(";")]
    numbers = iter(groups)
    for number, *values in numbers:
        if number == 0:
            state.clear()
        elif number in {38, 48}:
            colour = _read_colour(values) if values else _read_next_colour(numbers)
            if colour is not None:
                state["text" if number == 38 else "ground"] = colour  # noqa: PLR2004 - of the text
        else:
            # An underline of the kind "none" ends it.
            for name, value in _CHANGES.get(24 if values == [0] else number, {}).items():
                if value is None:
                    state.pop(name, None)
                else:
                    state[name] = value


def _read_next_colour(numbers: Iterator[list[int]]) -> str | None:
    """Return the colour that the next codes name, which are separate ones of a sequence."""
    kind = next(numbers, [0])[0]
    count = {5: 1, 2: 3}.get(kind, 0)
    return _read_colour([kind, *(next(numbers, [0])[0] for _ in range(count))])


def _read_colour(values: list[int]) -> str | None:
    """Return the name of a colour of the palette (`5, n`) or by its parts (`2, r, g, b`)."""
    if values[:1] == [5] and len(values) > 1:
        return _palette_colour(min(values[1], 255))
    if values[:1] == [2] and len(values) > 3:  # noqa: PLR2004 - three parts behind the kind
        red, green, blue = (min(value, 255) for value in values[-3:])
        return _nearest(red, green, blue)
    return None


def _palette_colour(number: int) -> str:
    if number < 16:  # noqa: PLR2004 - the named ones
        return (_COLOURS if number < 8 else _BRIGHT_COLOURS)[number % 8]  # noqa: PLR2004 - as above
    if number >= 232:  # noqa: PLR2004 - the last 24 are greys
        grey = 8 + 10 * (number - 232)
        return _nearest(grey, grey, grey)
    number -= 16
    return _nearest(*(_CUBE_LEVELS[part] for part in (number // 36, number // 6 % 6, number % 6)))


def _nearest(red: int, green: int, blue: int) -> str:
    hue, saturation, value = colorsys.rgb_to_hsv(red / 255, green / 255, blue / 255)
    if value < _MIN_VALUE:
        return ""
    if saturation < _MIN_SATURATION:
        return "" if value > _MIN_LIGHT else "grey"
    return next(name for end, name in _HUE_ENDS if hue * 360 <= end)


def _name(state: dict[str, str]) -> str:
    """Return the words for a state. On a coloured ground, text has its own colour, to be read."""
    if not state:
        return ""
    ground = state.get("ground")
    if "reverse" in state:
        ground = state.get("text") or "grey"
    colour = state.get("text", "") if ground is None else f"on-{ground or 'grey'}"
    return " ".join([*(style for style in STYLES if style in state), *filter(None, (colour,))])
