"""What is read in a terminal is legible on a light and on a dark one."""

from __future__ import annotations

import io
import re

import pytest

from ccsync_watch.cli.terminal_page import TerminalPage

_MARKDOWN = """# Title

## Part

Some `code`, a [link](https://example.org), **strong** and <kbd>Esc</kbd>

> quoted

1. one
- two

| a | b |
|---|---|
| 1 | 2 |

```python
@cached
class Shop(Base):  # a comment
    def total(self, price: int = 3) -> str:
        return f"{price!r} {sum([1.5])}" if not None else "x"
```

```diff
--- a/shop.py
+++ b/shop.py
@@ -1 +1 @@
-old
+new
```

```html
<a href="x">y</a> &amp;
```

```console
$ echo "hi" | grep -c h
```

    indented
"""
# Bold, dim, italic, underlined, struck; red, green, magenta, cyan; and back.
_LEGIBLE = {0, 1, 2, 3, 4, 9, 22, 23, 24, 29, 31, 32, 35, 36, 39, 49}


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Return what a terminal with all colours gets."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return io.StringIO()


def test_no_colour_is_hard_to_read_on_either(stream: io.StringIO) -> None:
    """No yellow, blue, black or white, no bright colours, no backgrounds: code, too."""
    page = TerminalPage(stream, columns=80, is_styled=True)
    page.markdown(_MARKDOWN)
    page.marked("what was <searched> for", ("<", ">"))
    shown = stream.getvalue()
    codes = {
        int(code or 0)
        for sequence in re.findall(r"\x1b\[([0-9;]*)m", shown)
        for code in sequence.split(";")
    }
    assert codes <= _LEGIBLE
    assert {1, 31, 32, 35, 36} <= codes
    assert "\x1b]" not in shown
