"""What stands between a secret and its rule is seen through, and nothing of the secret stays."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.privacy.dressing.table import (
    DRESSING,
    DRESSING_FROM,
    all_triggers,
    dressing_hits,
    undressed_views,
)
from ccsync_watch.privacy.engine.pattern_syntax import width
from support.redaction_corpus.shared import build_redactor
from support.table_rows import for_rows

if TYPE_CHECKING:
    from ccsync_watch.privacy import Redactor

TOKEN = "ghp_x0kQSz4nTIcS8KxM2q8ONgKiMaRE9nf4OWvN"
PASSWORD = "EVcMQNPi1PwtbPe7"
PIECE = 5
PLACEHOLDER = re.compile(r"\[REDACTED:[a-z0-9-]+:([0-9a-f]{8})\]")
TRIGGERS = all_triggers()
DEEP = "\\" * 15

DRESSED = {
    "colours": f"\x1b[1m\x1b[32mpassword\x1b[0m\x1b[37m=\x1b[0m\x1b[33m{PASSWORD}\x1b[0m",
    "colour in a token": f"{TOKEN[:9]}\x1b[31m\x1b[K{TOKEN[9:]}\x1b[m\x1b[K",
    "colour in a password": f"password=\x1b[31m{PASSWORD[:4]}\x1b[m{PASSWORD[4:]}",
    "link": f"token: \x1b]8;;http://x\x07{TOKEN[:10]}\x1b]8;;\x07{TOKEN[10:]}",
    "colour without escape": f"[32mDB_PASSWORD[0m=[33m{PASSWORD}[0m",
    "bytes as text": f"^[[32mDB_PASSWORD^[[0m=^[[33m{PASSWORD}^[[0m$",
    "zero width": f"pass\u200bword: {PASSWORD[:3]}\u200d{PASSWORD[3:]}",
    "byte order mark": f"\ufeffpassword=\ufeff{PASSWORD}",
    "direction": f"password=\u202a{PASSWORD[:5]}\u202c{PASSWORD[5:]}",
    "NUL": f"pass\0word=\0{PASSWORD}",
    "UTF-16": "\0".join(f"password={PASSWORD}"),
    "no-break space": f"the password\u00a0is\u00a0{PASSWORD}",
    "wide letters": f"\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44\uff1d{PASSWORD}",
    "entity of HTML": f"password=&#34;{PASSWORD}&#34;",
    "entity of an entity": f"password=&amp;quot;{PASSWORD}&amp;quot;",
    "deep JSON": f'{{{DEEP}"password{DEEP}":{DEEP}"{PASSWORD}{DEEP}"}}',
    "escaped name": f'"\\u0070assword": "{PASSWORD}"',
    "escaped value": f"PASSWORD={PASSWORD[:5]}\\u0026{PASSWORD[5:]}\\n",
    "numbers": f"\\x67\\x68\\x70\\x5f{TOKEN[4:]}",
    "URL": f"%70assword%3D{PASSWORD}",
    "URL in a URL": f"x?u=https%253A%252F%252Fbob%253A{PASSWORD}%2540host%252F",
    "continued command": f"mysql -u root \\\n  -p{PASSWORD} db",
    "continued flag": f"tool --password \\\n    {PASSWORD} \\\n  --x",
    "added": f'key = "{TOKEN[:12]}" +\n    "{TOKEN[12:]}"',
    "added password": f'password = "{PASSWORD[:6]}" + "{PASSWORD[6:]}"',
    "side by side": f"key = ('{TOKEN[:12]}'\n       '{TOKEN[12:]}')",
    "system call": f'execve("/usr/bin/mysql", ["mysql", "-p{PASSWORD}"], 0x7ff)',
    "arguments": f"spawn('mysql', ['-u', 'root', '-p{PASSWORD}'])",
    "flag in quotes": f"+ mysql -uroot '-p{PASSWORD}'",
    "changed words": f"password=[-{PASSWORD}-]{{+{TOKEN}+}}",
    "changed part": f"DB_PASSWORD=[-{PASSWORD[:5]}-]{{+{PASSWORD[:6]}+}}{PASSWORD[6:]}",
    "struck out": f"password: ~~{PASSWORD}~~",
    "frame": f"│ password │ {PASSWORD} │",
    "mail": f"password=3D{PASSWORD}=\n",
    "hexadecimal": TOKEN.encode().hex(),
    "numbers of lines": f"    10→  - name: DB_PASSWORD\n    11→    value: {PASSWORD}",
    "names of files": f"a.yml:10:  - name: DB_PASSWORD\na.yml-11-    value: {PASSWORD}",
    "quote": f"> apiKey: >-\n>   {TOKEN[4:]}",
    "letters of an alphabet": f'"\\u043f\\u0430\\u0440\\u043e\\u043b\\u044c: {PASSWORD}"',
    "upper hexadecimal": TOKEN.encode().hex(" ").upper(),
}


@lru_cache(maxsize=1)
def _redactor() -> Redactor:
    return build_redactor()


def _leaks(text: str) -> bool:
    """Tell whether any few characters of a secret are next to each other."""
    seen = PLACEHOLDER.sub("#", text)
    secrets = (TOKEN, PASSWORD, TOKEN.encode().hex())
    return any(
        secret[start : start + PIECE] in seen
        for secret in secrets
        for start in range(len(secret) - PIECE + 1)
    )


@pytest.mark.parametrize("text", DRESSED.values(), ids=DRESSED.keys())
def test_a_dressed_secret_is_removed(text: str) -> None:
    """Everything between its first and its last byte, and it stays so."""
    redacted = _redactor().redact(text)
    assert "REDACTED" in redacted
    assert not _leaks(redacted)
    assert _redactor().redact(redacted) == redacted


@pytest.mark.parametrize("text", DRESSED.values(), ids=DRESSED.keys())
def test_a_dressed_secret_is_removed_from_a_value(text: str) -> None:
    """Many texts are read at once there, among others without dressing."""
    value = _redactor().redact_value(["nothing here", {"note": text}, "nor here"])
    assert value == ["nothing here", {"note": _redactor().redact(text)}, "nor here"]


@pytest.mark.parametrize("size", [47, 60, 70, 72, 80, 100, 120])
@pytest.mark.parametrize("inside", [3, 7, 20, 35])
@pytest.mark.parametrize(
    ("before", "after"), [("", ""), ("> ", ""), ("│ ", " │"), ("  | ", " |")], ids=repr
)
def test_a_folded_token_is_removed_from_both_lines(
    size: int, inside: int, before: str, after: str
) -> None:
    """At any width; what is before and after it stays."""
    filling = "the build of the service failed because of a missing variable in the "
    text = f"{(filling * 3)[: size - inside - 1]} {TOKEN} and more text follows here, {filling}"
    lines = [text[start : start + size] for start in range(0, len(text), size)]
    folded = "\n".join(f"{before}{line:{size if after else 0}}{after}" for line in lines)
    redacted = _redactor().redact(folded)
    assert not _leaks(redacted)
    assert redacted.startswith(f"{before}the build o")
    assert "and more text" in redacted.replace(f"{after}\n{before}", "")


@pytest.mark.parametrize(
    "text",
    [
        f"DB_PASSWORD={PASSWORD}\0PATH=/usr/bin\0HOME=/root",
        f"password=&#34;{PASSWORD}&#34; name=&#34;a&#34;",
        f"token is {TOKEN}\nand the next line is a line of words",
        f"NODE_ENV=production\nAPI_KEY={TOKEN}\nPORT=8080\n",
        f"environment:\n      - SERVICE_KEY={TOKEN}\n      - TZ=UTC\n",
        f"app.token={TOKEN}\napp.debug=false\n",
        f"\x1b[32mpassword\x1b[0m={PASSWORD} \x1b[31mwrong\x1b[0m",
        f"--password '{PASSWORD}' 'database'",
        f"GITHUB_TOKEN={TOKEN}\nPORT=8080\nHOST=db1.internal",
        f"use {TOKEN}\nhttps://example.com/",
        f"{TOKEN}\nhttps://example.com/",
        f"it was the token for the build {TOKEN}\nwhich is old",
        f"token: {TOKEN}\n3f2a1b9c is the commit\nand more",
    ],
)
def test_what_is_beside_a_dressed_secret_stays(text: str) -> None:
    """Only the secret goes."""
    secret = TOKEN if TOKEN in text else PASSWORD
    assert PLACEHOLDER.sub(secret, _redactor().redact(text)) == text


def test_a_secret_has_the_same_placeholder_in_any_dressing() -> None:
    """A reader can follow it through a session."""
    plain = PLACEHOLDER.search(_redactor().redact(TOKEN))
    assert plain
    for dressed in (f"{TOKEN[:9]}\x1b[31m{TOKEN[9:]}", f"{TOKEN[:9]}\u200b{TOKEN[9:]}"):
        assert _redactor().redact(dressed) == plain[0]


def test_a_known_value_is_found_in_dressing() -> None:
    """Known values and the user's patterns have no place of their own to be found by."""
    redactor = build_redactor(patterns=[r"ACME-\d{6}"], known={"blue owl flies": "file"})
    for text in ("blue \x1b[1mowl fl\x1b[0mies", "blue&#32;owl&#x20;flies", "ACME-12\u200b3456"):
        assert "REDACTED" in redactor.redact(text)
        assert "REDACTED" in str(redactor.redact_value(["x", text]))


@for_rows(sorted({trigger.pattern for trigger in TRIGGERS}))
def test_a_trigger_is_bounded(trigger: str) -> None:
    """As those of rules are."""
    least, most = width(trigger)
    assert 1 <= least <= most < 2000


@pytest.mark.parametrize(
    ("text", "has_view"),
    [
        ("    12\tdb_password: |\n    13\t  {0}\n", True),
        ("12:path of the token\n13:{0}\n", True),
        ("    12\tpass\n    13\t{0}\n", True),
        ("    12\t    user    pass\n    13\t    root    {0}\n", True),
        ("    12\t        pass\n    13\t{0}\n", False),
        ("a.py-12-    pass\na.py-13-{0}\n", False),
        ("    12\texcept OSError: pass\n    13\t{0}\n", False),
        ("    12\tfor part in a.__path__:\n    13\t{0}\n", False),
    ],
)
def test_numbers_of_lines_are_removed_after_names_and_not_after_code(
    text: str, *, has_view: bool
) -> None:
    """Statements that end in `pass` or a path are in every file of Python."""
    data = text.format("value").encode()
    gutters = [row.id for row in DRESSING].index("gutter")
    hits = [(data.index(b"\n") + 8, DRESSING_FROM + gutters)]
    views = [view.data for view in undressed_views(data, dressing_hits(data, hits))]
    assert len(views) == has_view
    assert all(b"13" not in view and b"12" not in view for view in views)


@pytest.mark.parametrize("border", [" \u2502", "      \u2502", " \u2502 "])
def test_a_border_at_a_lines_end_is_removed_with_its_blanks(border: str) -> None:
    """Also after the mark before the line, whose blank is gone already."""
    data = f"> password:{border}\n> value{border}\n> \u2502\n".encode()
    gutters = [row.id for row in DRESSING].index("gutter")
    (view,) = undressed_views(data, [(data.index(b"value"), DRESSING_FROM + gutters)])
    is_last = border.endswith("\u2502")
    assert (b"password:\nvalue\n" in view.data) == is_last


def test_kinds_are_named_and_described() -> None:
    """For whoever adds one."""
    assert all(re.fullmatch(r"[a-z]+", row.id) and row.about for row in DRESSING)


@pytest.mark.parametrize("entity", ["&#1;", "&#x1;", "&#0;", "&#127;", "&#xDFFF;", "&#9999999;"])
def test_an_entity_without_a_character_hides_nothing(entity: str) -> None:
    """HTML knows entities that stand for no character; the text around them is redacted."""
    redacted = build_redactor().redact(f"{entity} password=&#34;{PASSWORD}&#34; {entity}")
    assert PASSWORD not in redacted
    assert redacted.startswith(entity)
