"""Write the dictionary with which the store packs texts, from the texts of this repository.

    uv run --locked --group dev python scripts/train_text_dictionary.py

Each stored text names its dictionary by a number. So one that was released is never changed: give a
better one the next number, and let `packed_texts` unpack with both.
"""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import orjson
import zstandard

ROOT = Path(__file__).parents[1]
NUMBER = 1
TARGET = ROOT / "ccsync_watch" / "store" / f"text_dictionary_{NUMBER}.bin"
_BYTES = 8 << 10
_LEVEL = 3
_FILES = ("ccsync_watch/*.py", "*.md", "scripts/*.py", "plugin/*")


def main() -> None:
    """Write the file."""
    words = ("git", "-C", str(ROOT), "ls-files", "-z", *_FILES)
    listed = subprocess.run(words, check=True, capture_output=True, text=True)  # noqa: S603 - git, with our own arguments
    names = sorted(name for name in listed.stdout.split("\0") if name)
    source = random.Random(NUMBER)  # noqa: S311 - no secret
    samples = [
        orjson.dumps(content)
        for name in names
        for content in _contents(name, (ROOT / name).read_text(encoding="utf-8"), source)
    ]
    trained = zstandard.train_dictionary(_BYTES, samples, level=_LEVEL, dict_id=NUMBER)
    TARGET.write_bytes(trained.as_bytes())
    print(f"{TARGET.name}: {TARGET.stat().st_size:,} bytes, of {len(samples):,} samples")


def _contents(name: str, text: str, source: random.Random) -> list[object]:
    """Return pieces of a file as contents of parts: words of a message, calls and results."""
    contents: list[object] = []
    position = 0
    while position < len(text):
        piece = text[position : position + source.randint(200, 1500)]
        position += len(piece)
        lines = piece.count("\n")
        result = {"ok": True, "lines": lines, "bytes": len(piece), "output": piece}
        call = {"command": f"grep -n '{piece[:20]}' {name} | head -20", "description": piece[20:60]}
        edit = {"file_path": f"/home/user/project/{name}", "old_string": piece, "new_string": piece}
        contents.append(source.choice((piece, piece, result, call, edit)))
    return contents


if __name__ == "__main__":
    main()
