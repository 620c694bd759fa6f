"""Copy a file, or standard input, to standard output with secrets removed, or explain them."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ccsync_watch.config import load
from ccsync_watch.daemon.runtime import make_redactor, redactor_options
from ccsync_watch.errors import ConfigError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from ccsync_watch.privacy import Redactor
    from ccsync_watch.privacy.findings import ExplainingRedactor, Finding

ORDER = 120
EXAMPLES = ("redact notes.txt", "redact --json < notes.txt")
_BLOCK_BYTES = 1 << 20
# How much is held back while a private key has begun and its end has not come yet.
_MAX_HELD_BYTES = 256 << 10
_LINES_BEFORE = 3
"""How many lines wait with an unfinished one: a label may stand in them."""
_BEGIN, _END = b"-----BEGIN ", b"-----END "


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the file, and whether to explain what is found in it."""
    parser.add_argument("file", nargs="?", default="-", metavar="FILE", help="- is standard input")
    parser.add_argument(
        "--explain",
        action="store_true",
        help="print which rule finds what, without the text: safe to paste into a report",
    )
    parser.add_argument("--json", action="store_true", help="explain as one JSON object")


def main(arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Redact a stream with the user's own rules and this installation's key."""
    settings = load(env, flags)
    with _open(arguments.file) as source:
        if not (arguments.explain or arguments.json):
            redact_stream(source, sys.stdout.buffer, make_redactor(settings))
            return 0
        # Loaded here: most calls do without.
        from ccsync_watch.privacy.findings import ExplainingRedactor  # noqa: PLC0415 - see above

        redactor = ExplainingRedactor(**redactor_options(settings))
        _explain(explain_stream(source, redactor), redactor.engine, as_json=arguments.json)
    return 0


@contextlib.contextmanager
def _open(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        file = Path(name).open("rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise ConfigError(
            f"cannot read {name}: {error.strerror}", hint="name a file that you can read"
        ) from None
    with file:
        yield file


def redact_stream(source: BinaryIO, target: BinaryIO, redactor: Redactor) -> None:
    """Copy `source` to `target` without its secrets, whole lines at a time.

    Bytes that are not UTF-8 are replaced. A line is never split, however long it is.
    """
    for text in _whole_lines(source):
        target.write(redactor.redact(text).encode("utf-8", "replace"))
        target.flush()


def explain_stream(source: BinaryIO, redactor: ExplainingRedactor) -> Iterator[Finding]:
    """Yield what `redact_stream` would remove, in order."""
    lines_before = 0
    for text in _whole_lines(source):
        for finding in redactor.explain(text)[1]:
            yield finding.moved(lines_before)
        lines_before += text.count("\n")


def _whole_lines(source: BinaryIO) -> Iterator[str]:
    """Yield what can be redacted alone: whole lines, no private key cut in two."""
    held = b""
    while block := _read_some(source):
        held += block
        end = _safe_end(held)
        if end:
            yield held[:end].decode("utf-8", "replace")
            held = held[end:]
    if held:
        yield held.decode("utf-8", "replace")


def _read_some(source: BinaryIO) -> bytes:
    """Return what is available; wait only until there is something."""
    read1 = getattr(source, "read1", source.read)
    return bytes(read1(_BLOCK_BYTES))


def _safe_end(held: bytes) -> int:
    """Return how much of `held` can be redacted alone: an unfinished line keeps those before."""
    end = held.rfind(b"\n") + 1
    if end < len(held):
        for _ in range(_LINES_BEFORE):
            end = held.rfind(b"\n", 0, max(0, end - 1)) + 1
    begin = held.rfind(_BEGIN, 0, end)
    if begin >= 0 and held.find(_END, begin, end) < 0 and end - begin < _MAX_HELD_BYTES:
        return held.rfind(b"\n", 0, begin) + 1
    return end


def _explain(findings: Iterator[Finding], engine: str, *, as_json: bool) -> None:
    """Print where the secrets are, and what found them; no part of one is printed."""
    from dataclasses import asdict  # noqa: PLC0415 - only to explain

    import orjson  # noqa: PLC0415 - as above

    from ccsync_watch import __version__  # noqa: PLC0415 - as above
    from ccsync_watch.cli.console import format_counts, say, say_wrapped  # noqa: PLC0415 - as above
    from ccsync_watch.privacy import RULES_VERSION  # noqa: PLC0415 - as above
    from ccsync_watch.units import plural  # noqa: PLC0415 - as above

    if as_json:
        document = {
            "version": __version__,
            "rules": RULES_VERSION,
            "engine": engine,
            "findings": [asdict(finding) for finding in findings],
        }
        say(orjson.dumps(document).decode())
        return
    say(f"ccsync-watch {__version__}, rules {RULES_VERSION}, {engine}")
    kinds: Counter[str] = Counter()
    for finding in findings:
        kinds[finding.kind] += 1
        say_wrapped(f"{finding.place}: {finding.kind}, {plural(finding.characters, 'character')}")
        for rule in finding.rules:
            say_wrapped(f"  rule {rule.id}: {rule.about}")
            if rule.source:
                say_wrapped(f"    {rule.source}")
    say(f"{plural(sum(kinds.values()), 'secret')}" + (f": {format_counts(kinds)}" if kinds else ""))
