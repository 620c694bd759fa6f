"""What commands printed in a terminal's session that was pasted into a text."""

from __future__ import annotations

import re

import pytest

from ccsync_watch.privacy.detect.pasted_sessions import RULES, find_printed
from support.redaction_corpus.shared import build_redactor

VALUE = "W4lnut#49"


def _redact(text: str) -> str:
    redacted = build_redactor().redact(text)
    return re.sub(r"\[REDACTED:[a-z-]+:[0-9a-f]{8}\]", "…", redacted)


@pytest.mark.parametrize(
    "text",
    [
        "$ pass show web/mail\n{}\n\nthat's it",
        "~/app $ op read op://a/b/c\n{}\n~/app $ ls\nREADME.md",
        "bob@host:~$ gh auth token\n{}\nbob@host:~$ git status\nOn branch main",
        "\u276f vault kv get -field=password secret/x\n{}",
        "% security find-generic-password -w -s x\n{}",
        "root@c1:/# printenv API_KEY\n{}",
        "PS C:\\app> Get-Content .env\nFOO={}xQ7\nPORT=80".replace("{}xQ7", "{}"),
        "```console\n$ kubectl get secret db -o json | jq -r .data.p | base64 -d\n{}\n```",
        "$ sudo cat /run/secrets/db_password\n{}",
    ],
)
def test_only_what_was_printed_is_removed(text: str) -> None:
    """The command and what is around it stay."""
    value = "bIMaoJTMIg3YZxV9k" if "FOO=" in text else VALUE
    assert _redact(text.format(value)) == text.format("…")


@pytest.mark.parametrize(
    "text",
    [
        f"$ npm test\n{VALUE}",
        f"$ cat README.md\n{VALUE}",
        f"Run `pass show x`.\n{VALUE}",
        f"$ pass show x \\\n  {VALUE}",
        f"$ pass show x\n\n{VALUE}",
        f"$ pass show x\n$ ls\n{VALUE}",
        f"$ pass show x\n```\n{VALUE}",
        "$ pass show x " + "y " * 400 + f"$ pass show z\n{VALUE}",
        "$ pass show <name>\n<password>",
        "$ gh auth token",
        "$ pass show x\nError: x is not in the password store.",
    ],
)
def test_other_lines_stay(text: str) -> None:
    """Only a command that prints secrets says what the lines below it are."""
    assert _redact(text) == text


def test_a_line_is_read_once() -> None:
    """However often its trigger matches."""
    data = b"$ cat .env; $ cat .env\n" + VALUE.encode()
    rule = next(rule for rule in RULES if rule.find is find_printed)
    ends = [match.end() for match in re.finditer(rule.trigger.encode("latin-1"), data)]
    assert len(ends) == 2
    assert list(rule.find(data, ends)) == list(rule.find(data, ends[:1]))
