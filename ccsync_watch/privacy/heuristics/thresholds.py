"""The lengths, scores and shares that decide whether a value is a secret, each with its reason.

Lengths are in characters unless the name says otherwise, entropies in bits per character, shares
from 0 to 1. "Measured": the value with the fewest errors over the corpora in
`tests/support/redaction_corpus`. How far a rule reads is defined with that rule.
"""

from __future__ import annotations

# Letters, random or in words
CASE_CHANGE_SCORE = 3.5
"""What a change of case counts as: less than a likely pair of letters, more than a rare one."""
LEAST_SCORED_LETTERS = 7
"""Fewer letters have too few pairs for a score to mean anything."""
WORD_SCORE = 5.4
"""Random letters score around 4.4, words above this."""
ANNOUNCED_WORD_SCORE = 6.1
"""Where a sentence has announced a password, even pronounceable letters may be one."""
CAMEL_PART_LETTERS = 2.4
"""Parts of camelCase are words, longer on average; random mixed case changes every other letter."""

# Passwords
LEAST_PASSWORD = 4
"""A shorter value under a password's name is a state, a count or an abbreviation."""
LEAST_TYPED_PASSWORD = 3
"""On a command line and in a sentence; shorter ones are options and numbers."""
LEAST_URL_PASSWORD = 3
"""Shorter ones are examples."""
LEAST_DIGITS_IN_URL = 4
"""Fewer digits between a colon and an `@` are part of something else."""
LEAST_CHOSEN_PASSWORD = 5
"""Next to a name without quotes; shorter ones are names."""
LEAST_SURE_PASSWORD = 8
"""Where nothing but its characters says that a word is a password; shorter ones are names."""
SURE_WORDINESS = 0.5
"""There too: with more of it in words it is a name with a number."""
LEAST_PASSWORD_WITH_FORM = 4
"""A shorter text is a number or a word, whatever its characters."""
LEAST_WORD_AS_PASSWORD = 6
"""Of letters alone and assigned, or quoted; shorter ones are words of the text."""
LEAST_LOWER_WORD_AS_PASSWORD = 6
"""In a sentence, of small letters; shorter ones continue the sentence."""
LEAST_MIXED_WORD_AS_PASSWORD = 8
"""In a sentence, of mixed case; shorter ones are names and abbreviations."""
LONGEST_SPACED_PASSWORD = 63
"""With blanks in it; longer ones are sentences."""
LONGEST_JSON_PASSWORD = 256
"""Under a password's key; longer ones are texts about passwords."""
LEAST_JSON_PIN_DIGITS = 4
"""A number under a password's key; shorter ones are lengths and counts."""
LEAST_HYPHENED_WORDS = 4
"""Words joined by hyphens; fewer are a compound or a name."""
LEAST_DISTINCT_WORDS = 3
"""Of a passphrase; who draws words draws one twice at times."""

LEAST_DIGEST = 32
"""Of hexadecimal digits after a word for a token; shorter ones are commits."""
LEAST_DRAWN_WORD = 12
"""Of letters and digits, where only a word nearby is about access; shorter ones are names."""
LEAST_SIGNED_PASSWORD = 10
"""Of letters, digits and signs, likewise; shorter ones are operators with their operands."""
MOST_SLUG_WORDS = 1
"""Words of a passphrase that names have too; measured over the names in public documentation."""

LEAST_CODE_DIGITS = 3
"""Under the name of a one-time code or of a card's code; fewer digits are a count."""
MOST_CODE_DIGITS = 10
"""More digits are an id or a time."""

# Passphrases and seed phrases, in words
LEAST_PASSPHRASE_WORDS = 3
"""Fewer words are a label."""
LEAST_SECRET_PHRASE_WORDS = 6
"""Under a token's name; fewer words are a description of the token."""
LEAST_SEED_WORDS = 12
"""The shortest seed phrase of the standard (BIP 39)."""
LEAST_DISTINCT_SEED_WORDS = 9
"""Of twelve drawn words more than two are seldom equal; examples repeat one word."""
LEAST_OF_EACH_KIND = 3
"""Digits, capitals and small letters of a key in base 58; each is common among fifty."""
LEAST_DISTINCT_IN_KEY = 10
"""Characters of a wallet's key; fewer are an example's."""
SEED_ENTROPY = 3
"""Not one word twelve times."""

# Tokens, keys and other secrets that machines generate
LEAST_SECRET = 8
"""Vendors generate none that are shorter."""
LEAST_RANDOM = 16
"""Sixty-four bits in hexadecimal."""
LEAST_RANDOM_LETTERS = 12
"""Without a digit it takes more letters to be sure."""
HEX_ENTROPY = 2.5
"""Measured; hexadecimal has at most 4."""
RANDOM_ENTROPY = 3.1
"""Measured; short values cannot reach it, see the next one."""
SHARE_OF_MOST_ENTROPY = 0.78
"""Measured; of the logarithm of the length, which is the most that a short value can have."""
RANDOM_LETTERS_ENTROPY = 3.0
"""Measured."""
STRICT_ENTROPY = 3.4
"""Measured; for names that prove little."""
RANDOM_WORDINESS = 0.7
"""Measured; a value with more of its characters in words was written for a reader."""
STRICT_WORDINESS = 0.4
"""Measured; for names that prove little."""
OPAQUE_WORDINESS = 0.5
"""Measured; for parameters of a query."""
LEAST_OPAQUE = 16
"""Shorter parameters are words, numbers and flags."""
PATH_WORDINESS = 0.5
"""Measured; more words between slashes are a path."""
LEAST_DENSE = 24
"""Base64 with slashes; a shorter one is taken for a path."""
DENSE_WORDINESS = 0.45
"""Measured."""
DENSE_ENTROPY = 3.8
"""Measured."""
LEAST_ADJACENT_TOKEN = 12
"""After a name and blanks."""
LEAST_LONG_TOKEN = 20
"""After a name and blanks, of letters and digits alone."""
LEAST_TOKEN_IN_PROSE = 12
"""After a sentence that announces it."""
LEAST_URL_TOKEN = 16
"""Alone in a URL's userinfo; shorter ones are names of users."""
LEAST_JSON_TOKEN = 8
"""Under a token's key."""
VENDOR_WORDINESS = 0.5
"""After a vendor's prefix that is itself a word: more would be a name in a program."""
VENDOR_PREFIX = 4
"""The least of a prefix, also where it varies; what follows is checked."""
LEAST_DISTINCT = 4
"""Characters after a vendor's prefix; fewer are a row of one character, as in examples."""

# Headers and cookies
LEAST_CREDENTIAL = 6
"""In a header; shorter ones are states."""
LEAST_COOKIE = 8
"""Shorter values are preferences."""
LEAST_HEADER_FIELD = 8
"""In a field next to a header's name."""

# Private keys and base64, in bytes
LEAST_KEY_BODY = 24
"""Of a key's block that was cut off."""
LEAST_KEY_LINES = 48
"""Before a last line whose first line is missing: less is not a line of a key."""
LEAST_BARE_KEY = 60
"""The shortest key's DER."""
FULL_KEY_LINE = 32
"""A shorter line ends the body."""
SHORT_KEY_LINE = 16
"""A line so short can only be the last one."""
LEAST_BASE64_RUN = 16
"""A shorter run is too short to hold a secret."""
FULL_BASE64_LINE = 20
"""Only after a line so long does the run continue on the next."""
LEAST_BASE64_MARK = 4
"""What base64 makes of a shorter word occurs anywhere."""
PRINTABLE_SHARE = 0.95
"""What decodes to less printable text is data."""

# Known values
LEAST_KNOWN_VALUE = 6
"""A shorter value would be found in innocent text."""
LEAST_KNOWN_IN_BASE64 = 8
"""Of a shorter value base64 leaves too few characters that the surroundings do not change."""


def thresholds() -> dict[str, float]:
    """Return every threshold by its name."""
    return {name: value for name, value in globals().items() if name.isupper()}
