"""Recognises values that a tool encrypted: they stand where secrets do, and are made to be shown.

Encodings that anybody can reverse (`{xor}…`, `{base64}…`) are not encrypted. All functions are
pure, and linear in a value whose length the caller has bounded.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_TEXT = r"(?:[A-Za-z0-9+/]{20,}={0,2}|[0-9a-f]{32,})"
_VERSION = r"(?:v[0-9]{1,3}:|(?i:aes)[-_]?[0-9]{3}(?:[-_](?i:gcm|cbc))?:)?"
MARK = (
    r"(?:\{(?i:aes(?:-?[0-9]{3})?|cipher|enc|encrypted)\}(?:\{[\w.-]{1,24}:[\w.-]{1,64}\})?|"
    rf"(?<![A-Za-z0-9])(?i:encrypted|enc(?:_v[0-9])?|cipher(?:text)?|(?:aws|gcp)?kms)[:+]{_VERSION}|"
    r"%?(?<![A-Za-z0-9])(?i:enc|encrypted|cipher)[(\[{]|!\[|\[enc:)"
)
"""What tools write before what they encrypted: configuration servers, Jasypt, Mule, dotenvx."""
_ENCRYPTED = re.compile(
    rf"\{{(?!AQAA){_TEXT}\}}|"  # Maven; Jenkins keeps the key beside what it encrypts
    rf"{MARK}{_TEXT}(?::enc)?[)\]}}]?|"
    r"ENC\[(?:AES256_GCM,data:|PKCS7,|GPG,|KMS,)[^\]\s]{16,}\]?|"  # SOPS, eyaml
    r"EJ\[[0-9]:[A-Za-z0-9+/=]{40,}:[A-Za-z0-9+/=]{24,}:[A-Za-z0-9+/=]{16,}\]?|"
    r"v1:[A-Za-z0-9+/]{16}:[A-Za-z0-9+/]{16,}={0,2}|"  # Pulumi
    r"(?=U2FsdGVkX1)[A-Za-z0-9+/]{40,}={0,2}|"  # of `openssl enc`
    r"-{5}BEGIN(?: (?:AGE ENCRYPTED FILE|PGP MESSAGE)-{5}.*)?",
    re.DOTALL,
)
_NAME = re.compile(
    r"(?:(?<![A-Za-z])[Ee]ncrypted|(?<![A-Z])ENCRYPTED|[a-z]Encrypted|"
    r"[Cc]ipher_?[Tt]ext|CIPHER_?TEXT)(?:[\w.-]*(?<!key)(?<!Key)(?<!KEY)(?<!keys))?\Z"
)
"""Of a key with which something is encrypted, it is not certain that it is encrypted itself."""
_CONTENT = re.compile(r"[A-Za-z0-9+/_-]{40,}={0,2}(?:--[A-Za-z0-9+/]{16}--[A-Za-z0-9+/]{22}==)?\n?")
_TEXTS = frozenset({"encrypted_data", "encryptedData", "ciphertext", "cipherText", "cipher_text"})
_WITH = frozenset({"iv", "nonce", "tag", "auth_tag", "authTag", "cipher"})


def is_encrypted(value: str) -> bool:
    """Tell whether a value is what a tool encrypted, by the mark of the tool: `ENC(…)`."""
    return _ENCRYPTED.fullmatch(value) is not None


def names_encrypted(name: str, value: str) -> bool:
    """Tell whether a name says that its value is encrypted, and the value can be that."""
    return _NAME.search(name) is not None and _CONTENT.fullmatch(value) is not None


def is_envelope(keys: Collection[str]) -> bool:
    """Tell whether an object with such keys is an encrypted text and what it takes to decrypt it.

    All but the key: `{"ciphertext": …, "nonce": …}`.
    """
    return not _TEXTS.isdisjoint(keys) and not _WITH.isdisjoint(keys)
