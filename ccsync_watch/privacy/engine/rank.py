"""Which rule's kind a placeholder names when the spans of several rules overlap."""

from __future__ import annotations

from enum import IntEnum, auto


class Rank(IntEnum):
    """Ranks, the most certain first: of overlapping spans the one with the first names the kind.

    All overlapping spans are removed whatever their rank; only the name in the placeholder depends
    on it. Of equal ranks the span that starts first, or of these the longest, names the kind.
    """

    KNOWN_VALUE = auto()
    """An exact value that is known to be a secret."""
    KEY_BLOCK = auto()
    """A private key between its first and last line, or one of the two."""
    BARE_KEY = auto()
    """A private key's DER in base64; inside a block, the block names it."""
    VENDOR_TOKEN = auto()
    """A token in a format that its vendor documents."""
    SHARED_FORM = auto()
    """A token in a form that several vendors use: one that is the vendor's own is more specific."""
    PAIRED_KEY = auto()
    """A key without a format of its own, next to the id that belongs to it."""
    WEB_TOKEN = auto()
    """A JSON web token; a vendor whose tokens have this format is more specific."""
    PASSWORD_HASH = auto()
    """A password's hash in one of the common formats."""
    KEY_MATERIAL = auto()
    """A JSON web key's private member, a wallet's key, a seed phrase."""
    URL_PASSWORD = auto()
    """The password in a URL; a token there is named by its vendor."""
    AUTH_SCHEME = auto()
    """What follows `Bearer` or `Basic`: the scheme says more than the header around it."""
    HEADER = auto()
    """The value of a header of credentials."""
    PATTERN = auto()
    """What a pattern finds in a command or a file; the default of structural rules."""
    KUBERNETES_DATA = auto()
    """A value in the data of a Kubernetes Secret."""
    ASSIGNMENT = auto()
    """A value under a secret's name: assigned, after a flag, or set by a command."""
    NAMED_FIELD = auto()
    """A value in a field, a cell or a line of its own, next to the field with the name."""
    SENTENCE = auto()
    """A value after a name and blanks, or after a sentence that names it."""
    ARGUMENT = auto()
    """A password among the arguments of a function."""
    CONTEXT = auto()
    """A name and password in prose; a run of base64 whose content holds a secret."""
    USER_PATTERN = auto()
    """A pattern of the user's: says the least of what it found."""


BY_WORDS = frozenset(
    {
        Rank.PATTERN,
        Rank.ASSIGNMENT,
        Rank.NAMED_FIELD,
        Rank.SENTENCE,
        Rank.ARGUMENT,
        Rank.CONTEXT,
    }
)
"""Of spans that only words near them make secrets."""
