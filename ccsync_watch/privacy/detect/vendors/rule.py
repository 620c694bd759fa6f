"""A vendor's format: one row of the tables in this package."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Left = Literal["any", "edge"]
Check = Literal["", "digit", "mixed", "not_slug"]

BETTERLEAKS = "observed in the rules of Betterleaks, https://github.com/betterleaks/betterleaks"
CREDSWEEPER = "observed in the rules of CredSweeper, https://github.com/Samsung/CredSweeper"
KINGFISHER = "observed in the rules of Kingfisher, https://github.com/mongodb/kingfisher"
SEMGREP = (
    "observed in the list of Semgrep's rules for secrets, https://semgrep.dev/docs/semgrep-secrets"
)
PUBLIC_CODE = "observed in public repositories, in keys and in patterns for them"

UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"

_TAIL = re.compile(r"\{(\d+),\d*\}(\)?)$")
_NAMED = re.compile(r"\(\?P<secret>")
_AROUND = re.compile(r"^\(\?<![^)]*\)|\(\?!\[[^\]]*\]\)$")
_LITERAL = re.compile(r"(?:\\[^A-Za-z0-9]|[^\\\[\](){}|?*+.^$])*")


@dataclass(frozen=True, slots=True)
class Vendor:
    r"""A format that a vendor uses: a prefix (or a mark inside), an alphabet, a length.

    `pattern` is written in what Hyperscan, RE2 and `re` have in common, over bytes; its repeats are
    bounded except the last one, so that no engine can backtrack; a lookaround may stand at either
    end. A group `secret` narrows what is
    replaced. `source` is the address of the documentation that shows the format, or says where it
    was observed. `samples` are shapes of tokens that must be found, and `near_misses` are texts and
    shapes that must stay; both are separated by blanks. `{a:20}` in a shape stands for twenty
    letters and digits (`tests/support/redaction_corpus/vendors.py` names the alphabets), and `«»`
    encloses the secret where it is not the whole.

    `left="edge"` requires that the match starts a word, for prefixes that prose or base64
    could contain; an escape (`\\n`, `%3D`, an ANSI colour) counts as an edge. `check` names the
    validator that a short or word-like prefix also needs. `anchor` is the literal part of a format
    whose mark is in the middle: a scan for the whole would have nothing fixed to search for.
    `is_shared` says that several vendors use the format: any other row names the token rather.
    """

    id: str
    about: str
    pattern: str
    source: str
    samples: str
    near_misses: str = ""
    left: Left = "any"
    check: Check = ""
    anchor: str = ""
    is_shared: bool = False

    @property
    def trigger(self) -> str:
        """What the scan searches for."""
        return self.anchor or self.least_form

    @property
    def least_form(self) -> str:
        """The pattern cut to its least length, without names and lookarounds."""
        return _NAMED.sub("(?:", _TAIL.sub(r"{\1}\2", _AROUND.sub("", self.pattern)))

    @property
    def prefix(self) -> str:
        """The text that every token of this format begins with, as far as it is always the same."""
        literal = _LITERAL.match(self.pattern)
        return literal[0].replace("\\", "") if literal else ""


def vendor(
    id: str,  # noqa: A002 - as the field
    about: str,
    pattern: str,
    source: str,
    samples: str,
    near_misses: str = "",
    *,
    anchor: str = "",
) -> Vendor:
    """Return a format whose prefix is distinctive wherever it occurs."""
    return Vendor(id, about, pattern, source, samples, near_misses, "any", "", anchor)


def worded(
    id: str,  # noqa: A002 - as the field
    about: str,
    pattern: str,
    source: str,
    samples: str,
    near_misses: str = "",
    check: Check = "digit",
    *,
    anchor: str = "",
    is_shared: bool = False,
) -> Vendor:
    """Return a format whose prefix must start a word, and whose rest must not be words."""
    return Vendor(
        id, about, pattern, source, samples, near_misses, "edge", check, anchor, is_shared
    )
