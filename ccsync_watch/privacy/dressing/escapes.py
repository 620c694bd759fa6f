"""Characters written by others: entities of HTML, escapes of strings, URLs and mail."""

from __future__ import annotations

import html
import re

from ccsync_watch.privacy.dressing.row import Dressing, removed, replaced

_ENTITY = r"&(?:#[0-9]{1,7};?|#[xX][0-9a-fA-F]{1,6};?|[a-zA-Z][a-zA-Z0-9]{1,24};)"
_UNICODE = re.compile(
    rb"\\+(?:[uU](?:0{4})?([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|x([0-9a-fA-F]{2})|(0?[01][0-7]{2}))"
)
_SURROGATES = range(0xD800, 0xE000)


def _read_entity(entity: bytes) -> bytes | None:
    return _printable(html.unescape(entity.decode()))


def _read_escape(escape: bytes) -> bytes | None:
    match = _UNICODE.fullmatch(escape)
    if match is None:
        return None
    code = int(match[4], 8) if match[4] else int(match[1] or match[2] or match[3], 16)
    # Bytes of wider characters are not characters of their own.
    is_byte = match[1] is None and match[2] is None and code > 0x7E  # noqa: PLR2004 - ASCII
    if is_byte or code in _SURROGATES or code > 0x10FFFF:  # noqa: PLR2004 - the last character
        return None
    return _printable(chr(code))


def _printable(text: str) -> bytes | None:
    """Return the bytes of characters that can be shown; some entities stand for none at all."""
    return text.encode() if text == "\n" or min(text, default="") >= " " else None


def _read_percent(escape: bytes) -> bytes | None:
    code = int(escape[1:], 16)
    return bytes([code]) if 0x20 <= code < 0x7F or code in b"\t\n\r" else None  # noqa: PLR2004 - ASCII


ROWS: tuple[Dressing, ...] = (
    Dressing(
        "entity",
        "an entity of HTML",
        r"&(?:#[0-9xX]|(?:quot|apos|amp|lt|gt|nbsp|equals|colon|num|commat|lowbar|period|sol|dollar|"
        r"excl|ast|plus|percnt|semi|hyphen|dash|lbrace|lcub|lbrack|lsqb|lpar|Tab|NewLine|bsol|grave|"
        r"shy|ZeroWidthSpace);)",
        _ENTITY,
        replaced(_read_entity),
    ),
    Dressing(
        "escape",
        "a character by its number in a string",
        r"(?:\\u(?:00[2-7a-fA-F]|0[1-9a-fA-F]|[1-9a-cA-C][0-9a-fA-F]|[dD][0-7]|[fF]{2}[0-5]|[fF][eE])|"
        r"\\U0000|\\u\{|\\x(?:2[267]|3[acdeACDE]|40|[4-7][0-9a-fA-F](?:\\{1,16}x|[A-Za-z0-9_]{4}))|"
        r"\\1[0-7]{2}\\{1,16}1[0-7]{2}|"
        r"[=:][ ]?[\"']?\\{1,2}(?:x[2-7][0-9a-fA-F]|0[01]?[0-7]{2})[A-Za-z0-9\\]|"
        r"\$'\\{1,2}(?:x[2-7][0-9a-fA-F]|[01][0-7]{2})[A-Za-z0-9\\])",
        r"\\(?<!\\\\)\\{0,63}(?:u[0-9a-fA-F]{4}|U0000[0-9a-fA-F]{4}|u\{[0-9a-fA-F]{1,6}\}|x[0-9a-fA-F]{2}|0?[01][0-7]{2}(?=\\|[\"'A-Z0-9]))",
        replaced(_read_escape),
    ),
    Dressing(
        "nesting",
        "a string that was escaped four times and more",
        r"\\{8}[\"'`nrt/]",
        r"\\(?<!\\\\)\\{7,65535}(?=[\"'`nrt/])",
        replaced(lambda _: b"\\"),
    ),
    Dressing(
        "percent",
        "a character in a URL",
        r"%(?:25)?[2-7][0-9A-Fa-f]",
        r"%(?:[2-7][0-9A-Fa-f]|0[9AaDd])",
        replaced(_read_percent),
    ),
    Dressing(
        "mail",
        "a character in a mail",
        r"=3D[!-~]",
        r"=[2-7][0-9A-F]|=\r?\n",
        replaced(lambda text: b"" if text.endswith(b"\n") else _read_percent(text)),
    ),
    Dressing(
        "requoted",
        "a quote within the shell's single quotes",
        r"'(?:\\'|\"'\")'",
        r"'(?:\\{1,3}'|\"'\")'",
        replaced(lambda _: b"'"),
    ),
    Dressing(
        "resumed",
        "a string of the shell that continues after a line's last backslash",
        r"[\"']\\{1,3}(?:\r?\n|n)[\"'][^\s\"']{4}",
        r"[\"']\\(?:\r?\n|(?<=\\)\\{2}n)[\"'](?=[^\s\"'])",
        removed,
    ),
    Dressing("caret", "a line that a caret continues", r"=\^\r?\n[ -~]", r"\^\r?\n", removed),
    Dressing(
        "continued",
        "a line that its last backslash continues",
        r"(?:\\\r?\n[\w=:/+-]|\\\r?\n[ \t]{0,40}[\"']?--?[A-Za-z]|"
        r"-[A-Za-z-]{1,40}[ =]{0,3}\\\r?\n|\\{3}n[ \t])",
        r"\\(?<!\\\\)(?:\r?\n(?:[+>|]|\xe2\x94\x82)?|\\\\n)[ \t]{0,200}",
        replaced(lambda text: b" " if text[-1:] in b" \t" else b""),
    ),
)
