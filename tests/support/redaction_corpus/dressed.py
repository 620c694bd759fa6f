"""Contexts in which a reader sees a secret and a pattern does not: colours, escapes, folds."""

from __future__ import annotations

import html
import json
import random
from collections.abc import Callable

Context = Callable[[str, str, random.Random], str]

_WORDS = "the build of the service failed because of a missing variable in its settings and so "
_WIDTHS = (60, 64, 70, 72, 76, 80, 100, 120)


def _middle(value: str) -> int:
    return max(1, len(value) // 2)


def _apart(value: str, between: str) -> str:
    """Return a value with something in its middle."""
    return value[: _middle(value)] + between + value[_middle(value) :]


def _lines(name: str, value: str, rng: random.Random, *, width: int) -> list[str]:
    """Return lines of a width, one of which ends inside the value."""
    filling = _WORDS * 3
    joined = f"{name}={value} and then it was restarted; {_WORDS}"
    before = width - len(name) - 1 - rng.randrange(len(value) // 3, len(value))
    text = filling[: before % width] + joined
    return [text[start : start + width] for start in range(0, len(text), width)]


def _folded(name: str, value: str, rng: random.Random) -> str:
    return "\n".join(_lines(f" {name}", value, rng, width=rng.choice(_WIDTHS)))


def _framed(name: str, value: str, rng: random.Random) -> str:
    width = rng.choice(_WIDTHS)
    lines = [f"│ {line:{width}} │" for line in _lines(f" {name}", value, rng, width=width)]
    return "\n".join([f"╭{'─' * (width + 2)}╮", *lines, f"╰{'─' * (width + 2)}╯"])


def _quoted(name: str, value: str, rng: random.Random) -> str:
    width = rng.choice(_WIDTHS)
    return "\n".join(f"> {line}" for line in _lines(f" {name}", value, rng, width=width))


def _dump(name: str, value: str, _rng: random.Random) -> str:
    data = f"A=1\n{name}={value}\nB=2\n".encode()
    rows = []
    for start in range(0, len(data), 16):
        part = data[start : start + 16]
        seen = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in part)
        numbers = f"{part[:8].hex(' ')}  {part[8:].hex(' ')}"
        rows.append(f"{start:08x}  {numbers:49} |{seen}|")
    return "\n".join(rows)


def _escaped(value: str, times: int) -> str:
    text = json.dumps({"token": value})
    for _ in range(times):
        text = json.dumps(text)
    return text


DRESSED: dict[str, Context] = {
    "colours in a row": lambda n, v, _: (
        f"\x1b[1m\x1b[36m{n}\x1b[0m\x1b[2m=\x1b[0m\x1b[0m\x1b[33m{v}\x1b[0m"
    ),
    "matched part coloured": lambda n, v, _: (
        f"{n}={_apart(v, chr(27) + '[01;31m' + chr(27) + '[K')}"
    ),
    "colours as text": lambda n, v, _: f"^[[36m{n}^[[0m=^[[33m{v}^[[0m$",
    "colours without escape": lambda n, v, _: f"[36m{n}[0m=[33m{v}[0m",
    "link of a terminal": lambda _n, v, _: f"\x1b]8;;https://x.test\x1b\\{v}\x1b]8;;\x1b\\",
    "zero width": lambda n, v, _: f"{n}={_apart(v, chr(0x200B))}",
    "soft hyphen": lambda _n, v, _: f"use {_apart(v, chr(0xAD))} now",
    "other blanks": lambda n, v, _: f"export {n}\u00a0=\u202f{v}",
    "wide sign": lambda n, v, _: f"{n}\uff1d{v}",
    "text of two bytes": lambda n, v, _: "\0".join(f"{n}={v}"),
    "entities": lambda n, v, _: f"{html.escape(f'{n}={chr(34)}')}{v}&#34;",
    "entities of entities": lambda n, v, _: f"{n}&amp;#61;&amp;quot;{v}&amp;quot;",
    "one entity": lambda _n, v, _: f"<td>{v[0]}&#{ord(v[1])};{v[2:]}</td>",
    "escaped five times": lambda _n, v, _: _escaped(v, 5),
    "one escape": lambda n, v, _: f'{{"{n}": "{v[0]}\\u{ord(v[1]):04x}{v[2:]}"}}',
    "numbers in a string": lambda n, v, _: (
        f'{n} = "{"".join(f"{chr(92)}x{ord(c):02x}" for c in v[:4])}{v[4:]}"'
    ),
    "encoded twice": lambda n, v, _: f"https%253A%252F%252Fx.test%252F%253F{n}%253D{v}%2526a%253Db",
    "continued line": lambda n, v, _: f"export {n}={_apart(v, chr(92) + chr(10))}\nrun",
    "added strings": lambda n, v, _: f"const {n} = '{_apart(v, chr(39) + ' + ' + chr(39))}';",
    "strings side by side": lambda n, v, _: (
        f'{n} = ("{_apart(v, chr(34) + chr(10) + "    " + chr(34))}")'
    ),
    "strings with a dot": lambda n, v, _: f'${n} = "{_apart(v, chr(34) + " . " + chr(34))}";',
    "words changed": lambda n, v, _: (
        f"{n}=[-{v[: _middle(v)]}-]{{+{v[: _middle(v)]}+}}{v[_middle(v) :]}"
    ),
    "struck out": lambda _n, v, _: f"it was ~~{v}~~",
    "in hexadecimal": lambda n, v, _: f"{n}={v}".encode().hex() if n.startswith("API") else v,
    "hex dump": _dump,
    "folded": _folded,
    "folded in a frame": _framed,
    "folded in a quotation": _quoted,
}
"""Each is one that vendors' tokens must be found in."""
