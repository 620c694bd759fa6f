"""What a tailer that loses nothing has to survive: numbered cases, and which tests show them.

The cases come from the tests and the issue trackers of Vector, OpenTelemetry's fileconsumer,
Filebeat, Fluent Bit and Promtail. A test that shows one is marked `tailing_case("NUMBER", …)`.
"""

from __future__ import annotations

import ast
from pathlib import Path

_TESTS = Path(__file__).resolve().parents[1]
_MARK = "tailing_case"

CASES = {
    "1": "two transcripts are read",
    "2": "empty lines move the offset",
    "3": "a file of newlines alone",
    "4": "a file that is empty at first",
    "5": "a last line without its newline is not sent",
    "6": "a line that comes in many writes",
    "7": "a line that is finished after a restart is sent once",
    "8": "a newline at the end of a chunk",
    "9": "any chunks give the same lines as the whole",
    "10": "CRLF",
    "11": "a byte order mark",
    "12": "a character cut by the end of a chunk",
    "13": "bytes that are not UTF-8; the lines beside them stay whole",
    "14": "a run of NUL before a row",
    "15": "two rows on one line",
    "16": "a torn row with another one behind it",
    "17": "a line of 50 MB in bounded memory; the lines beside it are kept",
    "18": "a file of which every line is rejected has a checkpoint",
    "19": "truncated, then written to",
    "20": "truncated and refilled larger, while running",
    "21": "the same while stopped",
    "22": "copied and truncated under a writer that does not notice",
    "23": "renamed: nothing is sent again",
    "24": "renamed while stopped",
    "25": "deleted and created again, larger, with the inode of before",
    "26": "the inode used by another file while stopped",
    "27": "another file renamed over it, with the same beginning",
    "28": "two files with the same first 4 KB are both sent",
    "29": "one session in two project folders",
    "30": "hard links, links, a loop of links",
    "31": "a file below 64 bytes keeps its identity as it grows",
    "32": "touched, unchanged: nothing is sent again",
    "33": "renamed by letter case only",
    "33b": "the beginning rewritten, then appended to",
    "34": "the backend is down and the program is killed: nothing is lost",
    "35": "killed between the backend's commit and ours: held once",
    "36": "killed at any moment, 1,000 times",
    "37": "stopped with rows that are not acknowledged",
    "38": "a stop sends what was read",
    "39": "the second batch is rejected, the third accepted: no row is passed over",
    "40": "an answer comes after the file was closed and opened again",
    "41": "the key stops working: nothing advances, nothing is lost",
    "42": "too large: halved down to one row; no answer after the backend's commit",
    "43": "the redactor fails: nothing passes",
    "44": "the database damaged, the disk full or read-only",
    "45": "a schema of an earlier version",
    "46": "a second daemon refuses",
    "47": "folders made with their files, 3,000 times",
    "48": "a folder moved in, then appended to",
    "49": "folders moved into each other",
    "50": "files that come and go quickly",
    "51": "a burst of 30,000 files is found by one scan",
    "52": "more folders than can be watched: reported, and all is read",
    "53": "the observer's thread ends: noticed, and built again",
    "54": "the root is missing at the start, deleted, created again",
    "55": "the system has no events",
    "56": "no file descriptors during a scan: nothing counts as deleted",
    "57": "permission denied, then granted",
    "58": "a bulk deletion deletes nothing that was stored or sent",
    "59": "names that are not UTF-8, or hold newlines",
    "60": "one busy transcript does not starve 1,000 quiet ones",
    "61": "a backend that stalls costs no memory",
    "62": "a restart with nothing new sends nothing",
    "63": "transcripts that rest cost a look at each rescan",
    "64": "transcripts that come and go leave nothing behind",
}


def find_tests() -> dict[str, list[str]]:
    """Return the paths and names of the tests that show each case, by its number."""
    tests: dict[str, list[str]] = {}
    for path in sorted(_TESTS.rglob("test_*.py")):
        source = path.read_text()
        if _MARK not in source:
            continue
        for node in ast.walk(ast.parse(source)):
            for number in _numbers(node):
                name = f"{path.relative_to(_TESTS)}::{getattr(node, 'name', '')}"
                tests.setdefault(number, []).append(name)
    return tests


def case_rows() -> list[tuple[str, str, str]]:
    """Return the number, the words and the tests of each case."""
    tests = find_tests()
    return [
        (number, words, "<br>".join(f"`{name}`" for name in tests.get(number, ())))
        for number, words in CASES.items()
    ]


def _numbers(node: ast.AST) -> list[str]:
    """Return the numbers in the marks of a test."""
    return [
        argument.value
        for mark in getattr(node, "decorator_list", ())
        if isinstance(mark, ast.Call) and getattr(mark.func, "attr", None) == _MARK
        for argument in mark.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]
