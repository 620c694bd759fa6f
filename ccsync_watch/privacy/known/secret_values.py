"""Finds secret files by their path, and secret values in such files and in the environment."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from ccsync_watch.privacy.heuristics.dummy_values import is_placeholder, is_reference, is_word
from ccsync_watch.privacy.heuristics.name_strength import Strength, strength_of
from ccsync_watch.privacy.heuristics.thresholds import LEAST_KNOWN_VALUE
from ccsync_watch.privacy.heuristics.words import load_words

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECRET_NAMES = frozenset(load_words("secret_file_names"))
_NOT_SECRET = frozenset(
    {"hosts.yml", "auth.json", "gradle.properties", "wp-config.php", ".fly", ".ovpn"}
)
_SECRET_SUFFIXES = (
    ".pem",
    ".key",
    ".p12",
    ".pfx",
    ".jks",
    ".keystore",
    ".ppk",
    ".kdbx",
    ".asc.key",
    ".tfvars",
    ".ovpn",
    ".p8",
    ".agekey",
    ".keytab",
    ".env",
)
_TEMPLATE = re.compile(
    r"(?:^|[._-])(?:example|sample|template|tmpl|dist|default|defaults|schema|spec|tpl)(?:$|[._-])",
    re.IGNORECASE,
)
_ENV = re.compile(r"^\.env(?:rc)?(?:[._-][\w.-]+)?$|^[\w-]+\.env(?:\.[\w-]+)?$", re.IGNORECASE)
_PARENTS = {
    "hosts.yml": ("gh",),
    "auth.json": (".codex", ".composer", "composer", "opencode", ".local", "containers"),
    "config": (".kube", "oci", ".oci"),
    "config.json": (".docker",),
    "config.toml": (".cargo-credentials",),
}
_ASSIGNED = re.compile(
    r"(?:export[ \t]+|set[ \t]+|-[ \t]+)?[\"']?(?P<name>[A-Za-z_/][\w./:-]{0,80})[\"']?[ \t]*[:=]"
    r"[ \t]*(?P<value>\S.*)"
)
_LONGEST_LINE = 8192
_NETRC = re.compile(r"\bpassword\s+(\S+)")
_PGPASS = re.compile(r"^[^:\s#]+:(?:\d+|\*):[^:\s]+:[^:\s]+:(\S+)$", re.MULTILINE)
_URL_PASSWORD = re.compile(r"://[^\s:/@]*:([^\s/@]{3,200})@")
_PUBLIC_KEY = re.compile(r"(?:^|[._-])(?:pub|public|cert|ca|chain|fullchain|bundle)")
_PATHS = re.compile(
    "(?:^|/)(?:"
    + "|".join(re.escape(path).replace(r"\*", "[^/]*") for path in load_words("secret_paths"))
    + r")\Z"
)
_COMMON = frozenset(load_words("common_values"))


@lru_cache(maxsize=4096)
def is_secret_file(path: str) -> bool:
    """Tell from its path whether a file holds secrets and little else."""
    parts = [part for part in path.replace("\\", "/").lower().split("/") if part not in {"", "."}]
    name = parts.pop() if parts else ""
    parents = set(parts)
    is_template = _TEMPLATE.search(name) is not None and name not in _SECRET_NAMES
    if not name or is_template or name.endswith((".pub", ".pub.pem")):
        return False
    is_place = name in _PARENTS and not parents.isdisjoint(_PARENTS[name])
    if is_place or matches_secret_path(path):
        return True
    if name in _NOT_SECRET or (name.endswith((".pem", ".key")) and _PUBLIC_KEY.search(name)):
        return False
    return (
        name in _SECRET_NAMES
        or _ENV.match(name) is not None
        or name.endswith(_SECRET_SUFFIXES)
        or re.match(r"id_(?:rsa|dsa|ecdsa|ed25519)(?:[._-][\w.-]+)?$", name) is not None
        or (
            name.endswith(".json")
            and re.match(
                r"(?:service[-_]?account|client[-_]secret|gcp[-_]?key|firebase[-_]adminsdk)", name
            )
            is not None
        )
        or "/run/secrets/" in path.replace("\\", "/")
        or (".gnupg" in parents and "private-keys-v1.d" in parents)
    )


def matches_secret_path(path: str) -> bool:
    """Tell whether the end of a path, or of a glob, is where secrets are kept."""
    return _PATHS.search(path.replace("\\", "/").lower()) is not None


def is_worth_knowing(value: str) -> bool:
    """Tell whether `value` is specific enough to be removed wherever it occurs."""
    text = value.strip()
    return (
        len(text) >= LEAST_KNOWN_VALUE
        and text.lower() not in _COMMON
        and not text.isdigit()
        and not is_placeholder(text)
        and not is_reference(text)
        and not is_word(text)
    )


def values_in_environment(env: Mapping[str, str]) -> dict[str, str]:
    """Return the secret values among environment variables, each with the kind `env`."""
    values: dict[str, str] = {}
    for name, value in env.items():
        if (
            strength_of(name) >= Strength.TOKEN
            and is_worth_knowing(value)
            and not value.startswith("/")
        ):
            values[value] = "env"
        for password in _URL_PASSWORD.findall(value):
            if is_worth_knowing(password):
                values[password] = "env"
    return values


def values_in_secret_file(text: str) -> dict[str, str]:
    """Return the secret values in a file that `is_secret_file` named, each with the kind `file`.

    Assignments under a secret's name in any of the common syntaxes, netrc, .pgpass, URLs.
    """
    values: dict[str, str] = {}
    for line in text.splitlines():
        match = _ASSIGNED.match(line[:_LONGEST_LINE].strip())
        if match is None:
            continue
        value = _unquote(match["value"])
        if strength_of(match["name"]) >= Strength.TOKEN and is_worth_knowing(value):
            values[value] = "file"
    for pattern in (_NETRC, _PGPASS, _URL_PASSWORD):
        for value in pattern.findall(text):
            if is_worth_knowing(value):
                values[value] = "file"
    return values


def _unquote(value: str) -> str:
    """Return an assigned value without quotes, comment and the comma of JSON."""
    value = value.strip().removesuffix(",")
    if value[:1] in {"'", '"'}:
        closing = value.find(value[0], 1)
        return value[1:closing] if closing > 0 else value[1:]
    return value.split(" #", 1)[0].strip()
