"""Says from a name alone how secret the value under it is.

The last words of a name decide (`stripe_secret_key_test` is a key, `token_type` is a type),
whatever the spelling: `API_KEY`, `apiKey`, `x-api-key`, `apikey`. Trailing qualifiers (`_PROD`,
`_2`, `_old`) are looked through.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache

from ccsync_watch.privacy.heuristics.words import word_list


class Strength(IntEnum):
    """How much the name alone proves."""

    NONE = 0
    WEAK = 1  # `key`, `hash`, `session`: only a value that looks random
    TOKEN = 2  # `token`, `secret`, `api_key`: a value that is no word
    PASSWORD = 3  # `password`: anything that is no reference and no placeholder
    HEADER = 4  # `authorization`, `cookie`: the whole value, scheme apart


_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_LONGEST_NAME = 96

_QUALIFIERS = frozenset(
    word_list(
        "prod production prd dev devel development stg staging stage test testing tests qa uat"
        " live sandbox local ci cd backup bak old new current cur prev previous next primary"
        " secondary default value val plain plaintext raw b 64 base encoded enc str string text"
        " clear cleartext v env eu us asia east west rotated temp tmp main master global shared"
        " copy temporary initial confirm confirmation repeat again verify hex unencrypted"
        " decrypted write read readonly ro rw server backend"
    )
)

_HEADERS = ("authorization", "proxyauthorization", "cookie", "setcookie", "xauth")

_PASSWORD_WORDS = frozenset({"pass", "pin", "pw", "psk", "pwd"})
_PASSWORDS = tuple(
    word_list(
        "password passwd passphrase passcode passwort contrasena contrasenia senha motdepasse"
        " wachtwoord kennwort parola pwd pswd psw passwrd userpwd pgpass pincode passkey"
        " requirepass masterauth storepass passin passout masterkey"
    )
    + [
        f"{owner}pass"
        for owner in word_list(
            "db sql user root admin smtp mail ftp ssh my pg redis mongo ldap rabbit mq key store"
            " auth login http proxy email imap service bot app sudo vnc wifi basic account default"
        )
    ],
)

_TOKENS = tuple(
    word_list(
        "secret token credential credentials creds bearer connectionstring connstring connstr"
        " connectionuri dsn mnemonic seedphrase recoveryphrase recoverycode recoverycodes"
        " backupcode backupcodes accesstokens authtokens apitokens refreshtokens bearertokens"
        " apikeys accesskeys secretkeys privatekeys secrets passwords passphrases sas"
        " sharedaccesssignature otp totp totpseed assertion clientassertion samlresponse"
        " samlassertion macaroon dek kek keybase secretbase clientkeydata authpass"
        " dockerconfigjson xamzsignature xgoogsignature publishprofile pepper githubpat"
        " gitlabpat azurepat devopspat adopat personalpat ghpat glpat bitbucketpat airtablepat"
    )
    + [
        f"{owner}key"
        for owner in word_list(
            "secret api app access private auth signing encryption encrypt decryption account"
            " shared sharedaccess client service admin license licence deploy integration write"
            " server session hmac webhook project subscription function host instrumentation crypto"
            " consumer storage jwt validation preshared unseal root wrapping rsa ssh devices device"
            " salt ingest db pgp"
        )
    ],
)

_WEAK = (
    "key",
    "keys",
    "sig",
    "session",
    "sessionid",
    "sid",
    "salt",
    "hash",
    "nonce",
    "auth",
    "seed",
    "jwt",
    "jti",
    "cookieid",
    "hmac",
    "phpsessid",
    "jsessionid",
    "connectsid",
    "sessid",
    "csrf",
    "xsrf",
    "csrftoken",
    "xsrftoken",
    "csrfmiddlewaretoken",
    "code",
    "verifier",
    "codeverifier",
    "access",
    "webhook",
    "webhookurl",
    "hookurl",
    "cred",
    "encryption",
)


def _spelled(owners: str, *things: str) -> set[str]:
    """Return each owner with each thing, joined and apart, as `a_b` and `ab`."""
    return {
        f"{owner}{joint}{thing}"
        for owner in owners.split()
        for thing in things
        for joint in ("", "_")
    }


_NEVER = frozenset(
    _spelled(
        "max min num total input output prompt completion cache cached reasoning count used "
        "remaining"
        " budget thinking creation read next page pagination continuation cancellation cancel "
        "sync pad"
        " eos bos unk mask sep cls stop start end begin special first last lookahead current design"
        " syntax lex lexer parse paging resume scroll watch change marker starting concurrency "
        "request"
        " idempotency fencing number string identifier operator punctuation whitespace eof task "
        "color"
        " style css theme bad invalid unexpected expected skip forward consistency public_key "
        "publickey",
        "token",
        "tokens",
    )
    | _spelled(
        "public primary foreign sort partition cache idempotency object row group hot shortcut"
        " translation lookup compose publishable site i18n unique composite candidate natural "
        "surrogate"
        " hash range index map dict json config registry arrow modifier routing message label react"
        " item header query param context state storage parent child shard bucket dedupe dedup"
        " deduplication data event metric cursor column table record node option setting "
        "property prop"
        " field attr attribute type name error locale lang search order filter tag minisign verify"
        " verification verifying pub ssh_host known_host s3 entity feature flag experiment"
        " redis memcache answer module localstorage local_storage anon",
        "key",
        "keys",
    )
    | _spelled(
        "known host git commit tree content file build etag image block tx transaction parent layer"
        " source blob asset chunk module package lock short head base",
        "hash",
        "digest",
        "signature",
    )
    | _spelled(
        "status error exit country zip postal area language lang currency response return http "
        "source"
        " key char op byte qr bar color html machine reason event product promo coupon type invite"
        " discount unicode scan iso",
        "code",
    )
    | _spelled(
        "by com sur encom tres render multi one first second low high band all over under mini "
        "fsmini"
        " fs_mini sub",
        "pass",
    )
    | _spelled(
        "forgot reset show hide change has is no needs require use ask set get check verify "
        "validate"
        " hash encrypt with without missing invalid wrong incorrect bad weak",
        "password",
    )
    | {"tokens", "keyid", "key_id", "csrf_token", "csrf_tokens", "old_pwd", "oldpwd"},
)
_SECRET_PLURALS = ("accesstokens", "authtokens", "apitokens", "refreshtokens", "bearertokens")
_PIN_OF = frozenset({"gpio", "is", "data", "led", "un"})


@lru_cache(maxsize=8192)
def strength_of(name: str) -> Strength:
    """Return what `name`, a key, flag, header, column or tag, proves about its value."""
    if name.count("::") > 1:
        return Strength.NONE  # a type of a cloud's resources
    words = [word.lower() for word in _WORD.findall(name[-_LONGEST_NAME:])]
    while len(words) > 1 and (words[-1] in _QUALIFIERS or words[-1].isdigit()):
        words.pop()
    joined = "".join(words)
    if joined.endswith(_HEADERS):
        return Strength.HEADER
    if not words or _is_exempt(words, joined):
        return Strength.NONE
    if words[-1] in _PASSWORD_WORDS or joined.endswith(_PASSWORDS):
        is_part = words[-1] == "pin" and len(words) > 1 and words[-2] in _PIN_OF
        return Strength.NONE if is_part else Strength.PASSWORD
    # STRIPE_KEY: an environment's variable for a key to some service
    is_variable = len(words) > 1 and words[-1] == "key" and name.isupper()
    if is_variable or joined.endswith(_TOKENS):
        return Strength.TOKEN
    return Strength.WEAK if joined.endswith(_WEAK) else Strength.NONE


def _is_exempt(words: list[str], joined: str) -> bool:
    """Tell whether the name is one that merely ends like a secret's."""
    if joined.endswith(("publickey", "pubkey")):
        return True
    if joined.endswith(_SECRET_PLURALS):
        return False
    return words[-1] in _NEVER or (
        len(words) > 1 and ("_".join(words[-2:]) in _NEVER or "_".join(words[-3:]) in _NEVER)
    )
