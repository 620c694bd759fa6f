"""Decide whether a program's code on a command line prints secrets; pure.

The code is not parsed: what it names says enough. It reads a file of secrets or the environment,
generates a key, decodes base64, or asks a keychain, a browser or a framework for what they keep.
"""

from __future__ import annotations

import re

from ccsync_watch.privacy.heuristics.name_strength import Strength, strength_of
from ccsync_watch.privacy.known.command_lines.secret_paths import names_secret_file, texts_in_quotes

MAX_CODE = 64 << 10

_ENVIRONMENT = re.compile(
    r"(?:os\.environb?|os\.getenvb?|process\.env|(?:Deno|Bun|import\.meta)\.env|System\.getenv"
    r"|GetEnvironmentVariables?|\bENVIRON\b|(?<![.\w\"'])ENV(?=[\[.{])|[%$]ENV\b|\$_ENV|\$_SERVER"
    r"|\bgetenv\b|\benviron(?=\s{0,4}[\[.])|os\.Environ|os\.Getenv"
    r"|\$env:|\bEnv:(?![:/]))"
    r"(?:\.(?:get|fetch|toObject|to_h|copy|items|values))?"
    r"[\s\[({.?'\"]{0,8}(?P<name>[A-Za-z_]\w{0,80})?"
)
_FILTER_ENVIRONMENT = re.compile(
    r"(?:(?<![.\w\"'$-])env(?![\w-])|\$ENV|\$__env__)(?:\.|\[\")?(?P<name>[A-Za-z_]\w{0,80})?"
)
_SOURCES = re.compile(
    r"\bsecrets\.(?:token|choice|rand|System)|(?:import|from)\s{1,4}secrets\b|token_(?:hex|urlsafe)"
    r"|randomBytes|SecureRandom|random_bytes|os\.urandom|getRandomValues|RandomNumberGenerator"
    r"|RNGCryptoServiceProvider|Fernet\.generate|generate_(?:private_)?key|generateKey"
    r"|generatePrivateKey|get_random_secret_key|gen_salt|hashpw|password_hash|keyring\.get"
    r"|get_password|document\.cookie|localStorage|sessionStorage|\.cookies\b|indexedDB|storageState"
    r"|b64decode|decode_base64|\batob\b|['\"]base64['\"]\)?\.to|decode64|base64_decode|FromBase64String"
    r"|unpack1?\(?\s?['\"]m|credentials\.|Rails\.application\.(?:credentials|secrets)"
    r"|SecretsManager|get_secret_value|GetSecretValue|access_secret_version|SecretClient"
    r"|get_credentials|get_frozen_credentials|dotenv|from_env_file|security\s{1,4}find-"
    r"|/dev/u?random|random\.choices?\(|SystemRandom|ConvertFrom-SecureString|GetNetworkCredential|\.Password\b"
)
_SETTING = re.compile(
    r"\b(?:settings|config|conf|app|env|credentials|secrets)\b[\w.]{0,40}?"
    r"(?:\.|->|::|\[['\"]|\(['\"](?:[\w.]{0,40}\.)?|\.get\(['\"])(?P<name>[A-Za-z_]\w{2,60})"
)


def reads_environment(code: str) -> bool:
    """Tell whether code reads a variable of the environment, of any name."""
    return _ENVIRONMENT.search(code[:MAX_CODE]) is not None


def prints_secrets(code: str) -> bool:
    """Tell whether code names something that is, or generates, a secret."""
    code = code[:MAX_CODE]
    return (
        any(names_secret_file(text) for text in texts_in_quotes(code))
        or _SOURCES.search(code) is not None
        or _names_secret_variable(_ENVIRONMENT, code)
        or any(strength_of(match["name"]) >= Strength.TOKEN for match in _SETTING.finditer(code))
    )


def filter_prints_environment(code: str) -> bool:
    """Tell whether a filter of `jq` or `yq` decodes, or prints secrets of the environment."""
    code = code[:MAX_CODE]
    return "@base64d" in code or _names_secret_variable(_FILTER_ENVIRONMENT, code)


def _names_secret_variable(pattern: re.Pattern[str], code: str) -> bool:
    return any(
        match["name"] is None or strength_of(match["name"]) >= Strength.TOKEN
        for match in pattern.finditer(code)
    )
