"""Where secrets live on a machine, and the forms in which a known one turns up again."""

from __future__ import annotations

import base64
import json
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from ccsync_watch.privacy.heuristics.dummy_values import is_placeholder, is_reference, is_word
from ccsync_watch.privacy.heuristics.name_strength import Strength, strength_of
from ccsync_watch.privacy.heuristics.words import word_list

if TYPE_CHECKING:
    from collections.abc import Mapping

LEAST_LENGTH = 6
"""Shorter values would be found in innocent text."""
_LEAST_IN_BASE64 = 8
"""Of shorter values base64 leaves too few characters that their surroundings do not change."""

_SECRET_NAMES = frozenset(
    word_list(
        ".netrc _netrc .pgpass pgpass.conf .htpasswd .my.cnf .mylogin.cnf .pypirc .npmrc"
        " .yarnrc.yml .git-credentials .dockercfg .dockerconfigjson .vault-token .s3cfg .boto"
        " .passwd-s3fs credentials credentials.json credentials.toml credentials.db"
        " credentials.yml credentials.yaml credentials.xml application_default_credentials.json"
        " service-account.json serviceaccount.json service_account.json client_secret.json"
        " client_secrets.json secrets.json secrets.yml secrets.yaml secrets.toml secret.json"
        " secret.yml secret.yaml .secrets kubeconfig kube.config admin.conf terraform.tfvars"
        " terraform.tfstate terraform.tfstate.backup .terraformrc credentials.tfrc.json .env"
        " .envrc .flaskenv .dev.vars id_rsa id_dsa id_ecdsa id_ed25519 id_ecdsa_sk id_ed25519_sk"
        " shadow gshadow master.key .master.key hosts.yml accesstokens.json"
        " msal_token_cache.json auth.json .databrickscfg .snowsql rclone.conf .rediscli_auth"
        " .cargo-credentials wp-config.php local.settings.json .credentials.json .convex.env"
        " keystore.properties key.properties gradle.properties settings-security.xml"
        " .pgservice.conf .mongorc.js .sentryclirc .fly .cdsapirc kaggle.json .ovpn wg0.conf"
    )
)
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
_COMMON = frozenset(
    word_list(
        "localhost 127.0.0.1 production development staging testing true false root"
        " admin user postgres mysql redis default public example latest master main info debug"
        " warning error"
    )
)


def is_secret_file(path: str) -> bool:
    """Tell by its path whether a file holds secrets and little else."""
    posix = PurePosixPath(path.replace("\\", "/"))
    name = posix.name.lower()
    parents = {part.lower() for part in posix.parts[:-1]}
    if not name or name.endswith((".pub", ".pub.pem")) or _TEMPLATE.search(name):
        return False
    if name in _PARENTS and parents.intersection(_PARENTS[name]):
        return True
    if name in _NOT_SECRET:
        return False
    if name.endswith((".pem", ".key")) and re.search(
        r"(?:^|[._-])(?:pub|public|cert|ca|chain|fullchain|bundle)", name
    ):
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


def is_worth_knowing(value: str) -> bool:
    """Tell whether `value` is particular enough to be removed wherever it stands."""
    text = value.strip()
    return (
        len(text) >= LEAST_LENGTH
        and text.lower() not in _COMMON
        and not text.isdigit()
        and not is_placeholder(text)
        and not is_reference(text)
        and not is_word(text)
    )


def values_in_environment(env: Mapping[str, str]) -> dict[str, str]:
    """Return the secret values among environment variables, each with the kind `env`."""
    found: dict[str, str] = {}
    for name, value in env.items():
        if (
            strength_of(name) >= Strength.TOKEN
            and is_worth_knowing(value)
            and not value.startswith("/")
        ):
            found[value] = "env"
        for password in _URL_PASSWORD.findall(value):
            if is_worth_knowing(password):
                found[password] = "env"
    return found


def values_in_secret_file(text: str) -> dict[str, str]:
    """Return the secret values in a file that `is_secret_file` named, each with the kind `file`.

    Assignments under a secret's name in any of the common syntaxes, netrc, .pgpass, URLs.
    """
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = _ASSIGNED.match(line[:_LONGEST_LINE].strip())
        if match is None:
            continue
        value = _unquoted(match["value"])
        if strength_of(match["name"]) >= Strength.TOKEN and is_worth_knowing(value):
            found[value] = "file"
    for pattern in (_NETRC, _PGPASS, _URL_PASSWORD):
        for value in pattern.findall(text):
            if is_worth_knowing(value):
                found[value] = "file"
    return found


def _unquoted(value: str) -> str:
    """Return an assigned value without quotes, comment and the comma of JSON."""
    value = value.strip().removesuffix(",")
    if value[:1] in {"'", '"'}:
        closing = value.find(value[0], 1)
        return value[1:closing] if closing > 0 else value[1:]
    return value.split(" #", 1)[0].strip()


def forms(value: str) -> list[bytes]:
    """Return the byte strings in which `value` can stand in a text, the plain one first."""
    if len(value.strip()) < LEAST_LENGTH:
        return []
    plain = value.encode("utf-8", "surrogatepass")
    once = json.dumps(value)[1:-1]
    texts = [
        once,
        json.dumps(value, ensure_ascii=False)[1:-1],
        json.dumps(once)[1:-1],
        quote(value, safe="", errors="replace"),
        quote(value, errors="replace"),
        quote_plus(value, errors="replace"),
    ]
    result = [plain, *(text.encode("utf-8", "surrogatepass") for text in texts)]
    if len(plain) >= _LEAST_IN_BASE64:
        result.append(base64.b64encode(plain))
        for offset in range(
            3
        ):  # where the value can stand in what base64 takes three bytes at a time
            first, last = (0, 2, 3)[offset], (len(plain) + offset) * 8 // 6
            padded = b"\0" * offset + plain
            result.append(base64.b64encode(padded)[first:last])
            result.append(base64.urlsafe_b64encode(padded)[first:last])
    return list(dict.fromkeys(result))
