"""Measure the redactor: recall, false positives and speed, also of other tools.

    scripts/bench redaction [--full] [--linear] [--worst] [--engine re2]
    uv run --with detect-secrets --with credsweeper python scripts/bench_redaction.py --others

The corpus is `tests/support/redaction_corpus`, generated from `--seed`. Speed is measured on one
core, as the best of several rounds, over a generated session whose text is this Python's library:
code as a tool prints it, prose, JSON arguments and the output of commands; a megabyte is one of
text. The speed of `json.loads` is printed too, since absolute figures depend on the machine.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import random
import sys
import sysconfig
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / "tests")]

from ccsync_watch.privacy import RULES_VERSION, Redactor  # noqa: E402 - after the path
from ccsync_watch.privacy.dressing.table import all_triggers  # noqa: E402 - as above
from support.redaction_corpus.classes import (  # noqa: E402 - as above
    lookalikes,
    planted_in_classes,
)
from support.redaction_corpus.generator import leaks, negatives, positives  # noqa: E402 - as above
from support.redaction_corpus.hostile import SEEDS, repeated  # noqa: E402 - as above
from support.redaction_corpus.reviewer import innocent, planted  # noqa: E402 - as above
from support.redaction_corpus.trigger_samples import TriggerSampler  # noqa: E402 - as above

Redact = Callable[[str], str]

BATCH_BYTES = 1 << 20
"""As much as the daemon reads, and so redacts, at once."""
_ADVERSARIAL_BYTES = 100_000


def session(megabytes: float, seed: int) -> list[dict[str, Any]]:
    """Return messages as a session holds them, about `megabytes` of text, with few secrets."""
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    sources = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    texts = [path.read_text("utf-8", "replace") for path in rng.sample(sources, 60)]
    messages: list[dict[str, Any]] = []
    size = 0
    while size < megabytes * 1e6:
        lines = rng.choice(texts).splitlines()
        start = rng.randrange(max(1, len(lines) - 200))
        exchange = _exchange(lines[start : start + rng.randint(5, 180)], start, rng)
        messages.extend(exchange)
        size += sum(text_size(message) for message in exchange)
    return messages


def _exchange(lines: list[str], start: int, rng: random.Random) -> list[dict[str, Any]]:
    """Return a file read, talked about, edited, listed and searched."""
    path = f"/home/user/project/src/module_{rng.randrange(99)}.py"
    call = f"toolu_01{rng.getrandbits(90):x}"
    numbered = "\n".join(f"{i:6}\t{line}" for i, line in enumerate(lines, start))
    old, new = "\n".join(lines[:9]), "\n".join(lines[3:12])
    listing = "\n".join(
        f"-rw-r--r-- 1 user user {rng.randrange(99999)} Jan {rng.randint(1, 31)} 12:01 file_{i}.py"
        for i in range(rng.randint(3, 40))
    )
    log = "\n".join(f"{rng.getrandbits(160):040x} {line.strip()[:60]}" for line in lines[:12])
    reading = {"file_path": path, "limit": len(lines)}
    edit = {"file_path": path, "old_string": old, "new_string": new}
    return [
        {"type": "tool_use", "id": call, "name": "Read", "input": reading},
        {"type": "tool_result", "tool_use_id": call, "content": numbered},
        {"type": "text", "text": " ".join(line.strip(" #\"'") for line in lines[:20])},
        {"type": "tool_use", "id": f"{call}e", "name": "Edit", "input": edit},
        {"type": "tool_result", "tool_use_id": f"{call}e", "content": listing},
        {"type": "tool_result", "tool_use_id": f"{call}f", "content": log},
    ]


def text_size(value: object) -> int:
    """Return how many bytes the strings of `value` have, keys included."""
    if isinstance(value, str):
        return len(value.encode("utf-8", "surrogatepass"))
    if isinstance(value, dict):
        return sum(text_size(key) + text_size(item) for key, item in value.items())
    return sum(map(text_size, value)) if isinstance(value, list) else 0


def batches(messages: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Yield the messages in batches as large as the daemon's."""
    batch: list[dict[str, Any]] = []
    size = 0
    for message in messages:
        batch.append(message)
        size += text_size(message)
        if size > BATCH_BYTES:
            yield batch
            batch, size = [], 0
    yield batch


def best(work: Callable[[], object], rounds: int = 5) -> float:
    """Return the least processor time of `work`, in seconds."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def speed(redactor: Redactor, megabytes: float, seed: int) -> None:
    """Print how many megabytes of text a second pass, on one core."""
    messages = session(megabytes, seed)
    daemon_batches = list(batches(messages))
    lines = [json.dumps(message) for message in messages]
    total = sum(map(text_size, messages)) / 1e6
    print(f"\nspeed on one core, {redactor.engine} ({total:.1f} MB in {len(messages)} messages)")
    for name, work in (
        (
            "batches of 1 MiB, as the daemon",
            lambda: [redactor.redact_value(b) for b in daemon_batches],
        ),
        ("message by message", lambda: [redactor.redact_value(m) for m in messages]),
        ("json.loads, for comparison", lambda: [json.loads(line) for line in lines]),
    ):
        print(f"  {total / best(work):8.1f} MB/s  {name}")


def linear(redactor: Redactor) -> None:
    """Print how fast hostile texts are, the slowest first; a ratio near four is linear."""
    print(f"\n{len(SEEDS)} hostile texts: MB/s, ratio of the times for 50 KB and 200 KB")
    rows = []
    for name, seed in SEEDS.items():
        short, long = (
            best(partial(redactor.redact, repeated(seed, size)), 1) for size in (50_000, 200_000)
        )
        rows.append((0.2 / long, long / short, name))
    for megabytes, ratio, name in sorted(rows):
        print(f"  {megabytes:8.2f} {ratio:6.1f}  {name}")


def worst(redactor: Redactor, seed: int) -> None:
    """Print the slowest of adversarial texts: of those in `SEEDS`, and of as many drawn ones.

    Each is read once, before anything in it is known.
    """
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    texts = {name: repeated(text, _ADVERSARIAL_BYTES) for name, text in SEEDS.items()}
    for trigger in rng.sample(all_triggers(), len(SEEDS)):
        sampler = TriggerSampler(trigger.pattern, rng)
        texts[f"only {trigger.pattern[:50]}"] = sampler.text(_ADVERSARIAL_BYTES)
    speeds = sorted(
        (text_size(text) / 1e6 / best(partial(redactor.redact, text), 1), name)
        for name, text in texts.items()
    )
    slow = sum(megabytes < 1 for megabytes, _ in speeds)
    print(f"\n{len(texts)} adversarial texts of 100 KB: {slow} slower than 1 MB/s; the slowest")
    for megabytes, name in speeds[:10]:
        print(f"  {megabytes:8.2f} MB/s  {name}")


def table(redact: Redact, seed: int, samples: int, *, full: bool) -> None:
    """Print recall by family and false positives by kind."""
    redacted: Counter[str] = Counter()
    drawn: Counter[str] = Counter()
    for item in (
        *positives(seed, samples),
        *planted(seed, samples),
        *planted_in_classes(seed, max(1, samples // 4)),
    ):
        drawn[item.family] += 1
        redacted[item.family] += not leaks(redact(item.text), item.secret)
    wrong: Counter[str] = Counter()
    clean: Counter[str] = Counter()
    for text in (*negatives(seed, samples * 6), *innocent(), *lookalikes(seed, 8)):
        clean[text.kind] += 1
        wrong[text.kind] += redact(text.text) != text.text
    if full:
        for family, total in sorted(drawn.items()):
            print(f"  {redacted[family] / total:7.1%} of {total:4} {family}")
        for kind, total in sorted(clean.items()):
            print(f"  {wrong[kind] / total:7.1%} of {total:4} wrongly, {kind}")
    print(
        f"  recall {redacted.total() / drawn.total():.2%} of {drawn.total()}"
        f" in {len(drawn)} families,"
        f" false positives {wrong.total() / clean.total():.2%} of {clean.total()}"
    )


def others() -> Iterator[tuple[str, Redact]]:
    """Yield the other installed tools, as functions that remove what they report."""
    if importlib.util.find_spec("detect_secrets"):
        yield "detect-secrets", _detect_secrets()
    if importlib.util.find_spec("credsweeper"):
        yield "CredSweeper", _credsweeper()


def _detect_secrets() -> Redact:
    from detect_secrets.core.scan import scan_file  # noqa: PLC0415 - not always installed
    from detect_secrets.settings import default_settings  # noqa: PLC0415 - as above

    path = Path(tempfile.mkdtemp(), "message.txt")

    def redact(text: str) -> str:
        path.write_bytes(text.encode())
        with default_settings():
            values = [secret.secret_value for secret in scan_file(str(path))]
        for value in filter(None, values):
            text = text.replace(value, "[REDACTED]")
        return text

    return redact


def _credsweeper() -> Redact:
    from credsweeper.app import CredSweeper  # noqa: PLC0415 - not always installed
    from credsweeper.common.constants import Severity  # noqa: PLC0415 - as above
    from credsweeper.file_handler.byte_content_provider import (  # noqa: PLC0415 - as above
        ByteContentProvider,
    )

    sweeper = CredSweeper(severity=Severity.MEDIUM)

    def redact(text: str) -> str:
        for candidate in sweeper.file_scan(ByteContentProvider(text.encode())):
            for line in candidate.line_data_list:
                if line.value:
                    text = text.replace(line.value, "[REDACTED]")
        return text

    return redact


def compare(options: argparse.Namespace) -> None:
    """Print the figures of other tools, over fewer samples: they are slow."""
    sample = [
        str(message.get("content") or message.get("text") or "")
        for message in session(0.3, options.seed)
    ]
    amount = sum(map(text_size, sample)) / 1e6
    for name, redact in others():
        print(f"\n{name}")
        table(redact, options.seed, max(1, options.samples // 10), full=options.full)
        took = best(lambda redact=redact: [redact(text) for text in sample], 1)  # type: ignore[misc]
        print(f"  {amount / took:8.2f} MB/s  message by message")


def main() -> None:
    """Run the benchmarks that the arguments select."""
    parser = argparse.ArgumentParser(description="Measure the redactor.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--samples", type=int, default=20, help="texts for each family")
    parser.add_argument("--megabytes", type=float, default=20)
    parser.add_argument("--engine", default="", choices=["", "hyperscan", "re2", "re"])
    parser.add_argument("--full", action="store_true", help="a line for every family and kind")
    parser.add_argument("--linear", action="store_true", help="times of hostile texts")
    parser.add_argument("--worst", action="store_true", help="the slowest of adversarial texts")
    parser.add_argument("--others", action="store_true", help="other tools too, if installed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        built = best(lambda: Redactor(key=bytes(32), engine=options.engine), 1)
        redactor = Redactor(key=bytes(32), engine=options.engine, cache=Path(folder))
        loaded = best(lambda: Redactor(key=bytes(32), engine=options.engine, cache=Path(folder)), 1)
    print(f"ccsync-watch, rules {RULES_VERSION}, {redactor.engine}")
    print(f"  compiled in {built:.2f} s, loaded from the cache in {loaded:.2f} s")
    table(redactor.redact, options.seed, options.samples, full=options.full)
    speed(redactor, options.megabytes, options.seed)
    if options.linear:
        linear(redactor)
    if options.worst:
        worst(redactor, options.seed)
    if options.others:
        compare(options)


if __name__ == "__main__":
    main()
