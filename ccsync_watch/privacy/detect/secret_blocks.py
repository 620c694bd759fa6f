"""Finds secrets in blocks whose heading says what they hold: tokens, parameters, states, keys."""

from __future__ import annotations

from ccsync_watch.privacy.detect.named_values import find_named
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.structural_rule import StructuralRule, pattern_rule
from ccsync_watch.privacy.heuristics.name_strength import Strength
from ccsync_watch.privacy.heuristics.password_forms import (
    is_drawn_or_phrase,
    is_positional_secret,
    is_typed_password,
)
from ccsync_watch.privacy.heuristics.value_strength import is_password, is_random, is_secret

_UUID = r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
_LINE = r"(?:\r?\n|\\n)[ ]{1,24}"
_DEFAULT = (
    rf"\\{{0,7}}[\"']?:(?:{_LINE}(?!default)[\w\"'.-]{{1,40}}:[^\n\\]{{0,120}}){{0,8}}"
    rf"{_LINE}\\{{0,7}}[\"']?default\\{{0,7}}[\"']?:[ ]{{1,4}}\\{{0,7}}[\"']?(?P<secret>"
    rf"[^\s\"'\\]{{4,512}})"
)


def _is_random_member(value: str) -> bool:
    return is_secret(value, quoted=True) and is_random(value)


def _is_default(value: str, strength: Strength) -> bool:
    if strength is Strength.PASSWORD:
        return is_drawn_or_phrase(value) and is_password(value, quoted=True)
    return strength is Strength.TOKEN and is_secret(value, quoted=True)


RULES: tuple[StructuralRule, ...] = (
    StructuralRule(
        "named-value",
        "the default of a parameter in a block of YAML",
        r"[ ]default\\{0,7}[\"']?:[ ]",
        find_named(r"(?<![\w-])[\w-]{2,80}", _DEFAULT, 600, _is_default),
    ),
    pattern_rule(
        "secret",
        "a member of a block of tokens or secrets",
        r"(?:tokens|secrets|passwords|credentials|api_?keys)\\{0,7}[\"']?[ ]{0,2}[=:]?[ ]{0,2}\{"
        r"(?:[^{}\n]|\n){0,240}?[\w\"']\\{0,7}[ ]{0,2}[:=][ ]{0,4}\\{0,7}[\"'](?P<secret>"
        r"[^\s\"'\\]{8,512})"
        r"\\{0,7}[\"']",
        trigger=r"(?:tokens|secrets|passwords|credentials|api_?keys)\\{0,7}[\"']?"
        r"[ ]{0,2}[=:]?[ ]{0,2}\{",
        rank=Rank.NAMED_FIELD,
        reach=40,
        accept=_is_random_member,
    ),
    pattern_rule(
        "password",
        "the result of a random password in a state of Terraform",
        r"(?:random_(?:password|string)|bcrypt_hash)\\{0,7}\"(?:[^\n]|\n){0,600}?(?<![\w-])(?:result|"
        r"bcrypt_hash)(?:\\{0,7}\"[ ]?:|[ ]{1,12}=)[ ]?"
        r"\\{0,7}\"(?P<secret>[^\"\s\\]{6,256})\\{0,7}\"",
        trigger=r"(?:random_(?:password|string)|bcrypt_hash)\\{0,7}\"",
        rank=Rank.NAMED_FIELD,
        reach=40,
        after=900,
        accept=is_typed_password,
    ),
    pattern_rule(
        "password",
        "the result of a random password, as Terraform shows it",
        r"random_password[.\"][^\n]{1,120}(?:\n|\\n)(?:[^\n]{0,160}(?:\n|\\n)){0,8}?[^\w\n]{0,16}"
        r"(?:bcrypt_hash|result)[ ]{0,16}=[ ]{0,4}\\{0,7}\"(?P<secret>[^\"\s\\]{6,256})\\{0,7}\"",
        trigger=r"random_password[.\"]",
        rank=Rank.NAMED_FIELD,
        reach=24,
        after=900,
        accept=is_typed_password,
    ),
    pattern_rule(
        "private-key",
        "a private member of an RSA key in XML",
        r"<(?-i:P|Q|DP|DQ|InverseQ|D)>\s{0,8}(?P<secret>[A-Za-z0-9+/\s]{40,1024}={0,2})\s{0,8}</",
        trigger=r"<(?:P|Q|DP|DQ|InverseQ|D)>\s{0,8}[A-Za-z0-9+/]{40}",
        rank=Rank.KEY_MATERIAL,
        reach=60,
        after=1400,
        is_caseless=False,
    ),
    pattern_rule(
        "secret",
        "the value below a token's id in a table, of Proxmox",
        r"full-tokenid[^\n]{1,160}(?:\n|\\n)(?:[^\n]{0,200}(?:\n|\\n)){0,4}?[^\w\n]{0,12}value"
        r"[^\w\n]{1,24}"
        rf"(?P<secret>{_UUID})",
        trigger=r"full-tokenid",
        rank=Rank.NAMED_FIELD,
        reach=24,
    ),
    pattern_rule(
        "secret",
        "a secret that a command writes into a file for secrets",
        r"(?:echo|printf)[ ](?:-[neE]{1,3}[ ])?(?:[\"']%s(?:\\n)?[\"'][ ])?\\{0,7}[\"']?"
        r"(?P<secret>[^\s\"'\\|;<>]{6,512})(?:\\n)?\\{0,7}[\"']?[ ]{0,4}(?:>{1,2}|\|[ ]?(?:sudo"
        r"[ ])?tee[ ](?:-a[ ])?)"
        r"[ ]{0,2}[\"']?[\w./~${}-]{0,120}(?:private_?key|secret|passw|token|credential|"
        r"[._-]key\b|/key\b|passphrase|"
        r"cookie|\.pw\b|pgpass|apikey|api_key|psk)",
        trigger=r"(?:>|tee )[ ]{0,2}(?:-a[ ])?[\"']?[\w./~${}-]{0,80}"
        r"(?:private_?key|secret|passw|token|credential|[._-]key|"
        r"/key|passphrase|cookie|\.pw|pgpass|apikey|api_key|psk)",
        rank=Rank.PATTERN,
        reach=700,
        accept=is_positional_secret,
    ),
    pattern_rule(
        "secret",
        "a user and secret joined by a colon, under the name of an identity or a source",
        r"(?:auth_?ident|sst_?auth|replication_?auth|(?<!\w)auth(?:entication)?|user_?pwd|basic_?auth|user_?info|BUNDLE_[A-Z0-9_]{2,60}__[A-Z0-9_]{1,20}|"
        r"http_?auth|user_?pass|"
        r"admin_?auth|ui_?auth|_auth_user|login_?pair)\\{0,7}[\"']?[ ]?[:=][ ]?\\{0,7}[\"']?"
        r"[\w.@-]{1,60}:"
        r"(?P<secret>[^\s\"'\\/]{6,256})",
        rank=Rank.PATTERN,
        reach=160,
        accept=is_positional_secret,
    ),
    pattern_rule(
        "password",
        "what a test answers where a password is asked for",
        r"getpass[^\n]{0,60}?(?:lambda[^\n:]{0,40}(?:[\"'][^\"'\n]{0,40}[\"'])?[^\n:]{0,10}:|"
        r"return_value[ ]?=|"
        r"side_effect[ ]?=[ ]?\[?)[ ]?[\"'](?P<secret>[^\"'\n\\]{5,128})[\"']",
        rank=Rank.ARGUMENT,
        reach=200,
        accept=is_positional_secret,
    ),
    pattern_rule(
        "password",
        "an answer after an arrow to a question for a password",
        r"(?:password|passphrase|passcode|(?<![a-z])pin|token|api key|secret)"
        r"(?![ ](?:hash|polic|manager|format|stor|type|provider|length|rule|scheme|algorithm))"
        r"[^\n?]{0,40}(?:(?<![(\[^|])\?[\"']?[ ]?"
        r"(?:\xe2\x86\x92|->|=>|=|:|\xe2\x80\x94|"
        r"\xe2\x9f\xb6|\|)|[?:][ ](?:\xe2\x80\xba|\xc2\xbb|\xe2\x9d\xaf|\xe2\x96\xb8))"
        r"[ ]?[\"'`]?(?P<secret>[^\s\"'`]{3,255}[^\s\"'`;])(?=[\s\"'`]|\Z)(?![ ]\|)",
        rank=Rank.SENTENCE,
        reach=120,
        accept=is_positional_secret,
    ),
    pattern_rule(
        "password",
        "a key of a network's clock, by its number and algorithm",
        r"(?:(?<![^\n])|(?<=\\n)|(?<=: ))[ \t]{0,8}\d{1,5}[ \t]{1,4}(?:M|MD5|SHA1|SHA256|SHA384|"
        r"SHA512|AES128CMAC|AES256CMAC)"
        r"[ \t]{1,4}(?:HEX:|ASCII:)?(?P<secret>[^\s#]{8,128})(?=[ \t]{0,4}(?:#|\r?\n|\\n|\Z))",
        trigger=r"[0-9][ \t]{1,4}(?:M|MD5|SHA1|SHA256|SHA384|SHA512|AES128CMAC|AES256CMAC)"
        r"[ \t]{1,4}[^\s#]{8}",
        rank=Rank.PATTERN,
        reach=40,
        accept=is_positional_secret,
    ),
    pattern_rule(
        "password",
        "a user and a password in the query of a service for music",
        r"[?&]u=[^&\s]{1,60}&(?:p|t)=(?:enc:)?(?P<secret>[^&\s\"'\\]{4,256})",
        rank=Rank.URL_PASSWORD,
        reach=120,
        accept=is_typed_password,
    ),
    pattern_rule(
        "secret",
        "the key of a user in the address of a tracker",
        r"https?://[^\s\"'<>]{3,120}?/(?P<secret>[0-9a-zA-Z]{16,64})/announce",
        trigger=r"/[0-9a-zA-Z]{16,64}/announce",
        rank=Rank.URL_PASSWORD,
        reach=200,
        accept=is_random,
    ),
    pattern_rule(
        "password",
        "a user and a password in a job's input for FTP",
        r"PGM=FTP[^\n]{0,80}(?:\n|\\n)(?://[^\n]{0,80}(?:\n|\\n)){1,4}[^\s]{1,40}(?:\n|\\n)"
        r"(?P<secret>[^\s\\]{4,64})(?=\n|\\n)",
        trigger=r"PGM=FTP",
        rank=Rank.PATTERN,
        reach=24,
        accept=is_positional_secret,
    ),
    pattern_rule(
        "wallet-key",
        "a wallet's key under a name that ends in PK",
        r"(?:_PK|priv_?key|private_?key|spend[ _-]key|view[ _-]key)\\{0,7}[\"']?[ ]?[:=]"
        r"[ ]?\\{0,7}[\"']?"
        r"(?P<secret>(?:0x)?[0-9a-f]{64})(?![0-9a-f])",
        rank=Rank.KEY_MATERIAL,
        reach=120,
    ),
    pattern_rule(
        "one-time-code",
        "a code or the number that unlocks a card",
        r"(?<!\w)(?-i:G)-(?P<secret>[0-9]{6})(?= )",
        trigger=r"G-[0-9]{6} ",
        rank=Rank.SENTENCE,
        reach=24,
        is_caseless=False,
    ),
    pattern_rule(
        "password",
        "the number that unlocks a card or a key",
        r"(?<![\w-])(?:(?-i:PUK2?|PIN2?|SIM-PIN|eSIM PIN)(?:[ -]?(?:code|kode|kod))?[ ]?[:=][ ]?|"
        r"--(?:new-)?(?:pin|puk|management-key)[ =])(?P<secret>[0-9]{4,10})(?![\w.,]\d|\w)",
        trigger=r"(?:PUK|PIN|pin|puk)[^\n0-9:=]{0,8}[ :=][ ]?[0-9]{4}",
        rank=Rank.NAMED_FIELD,
        reach=40,
        is_caseless=False,
    ),
    pattern_rule(
        "secret",
        "the result of a call that generates a secret, in an interpreter",
        r"(?:secrets\.(?:token_(?:hex|urlsafe)|choice)|SecureRandom\.(?:hex|base64|"
        r"urlsafe_base64|alphanumeric|uuid)|"
        r"randomBytes|random_bytes|Fernet\.generate_key|crypto\.random\w{2,12}|Str::random|"
        r"gen_salt|gen_random_bytes|"
        r"generate_?(?:password|secret|token|key)|nacl\.utils\.random|pyotp\.random_base32|"
        r"random_base32|"
        r"generateSecret|makeRandomPassword|random_password|:crypto\.strong_rand_bytes|"
        r"RandomNumberGenerator\.\w{4,16})"
        r"[^\n]{0,100}(?:\n|\\n)(?:=> |Out\[\d{1,4}\]: |\$\d{1,3} = |[ ]{1,4})?(?:b|<<)?\\{0,7}"
        r"[\"']"
        r"(?P<secret>[^\"'\s\\]{8,512})\\{0,7}[\"']",
        rank=Rank.NAMED_FIELD,
        reach=260,
        accept=is_drawn_or_phrase,
    ),
    pattern_rule(
        "secret",
        "an element that holds a secret whatever its name: of Jenkins, TeamCity, KeePass, SNMP",
        r"<(?:hudson\.util\.Secret>|Value ProtectInMemory=\\{0,3}\"True\\{0,3}\">|"
        r"param name=\\{0,3}\"secure:[^\"\n]{1,100}\" value=\\{0,3}\"|"
        r"r?[ow]?community>)(?P<secret>[^<>\"\s\\]{4,1024})(?=[<\"\\])",
        trigger=r"<(?:hudson\.util\.secret>|value protectinmemory=|param name=\\{0,3}\"secure:|"
        r"r?[ow]?community>)",
        rank=Rank.NAMED_FIELD,
        reach=30,
        after=1200,
        accept=is_positional_secret,
    ),
    pattern_rule(
        "secret",
        "an output of a build's step that is named like a secret",
        r"::(?:set-output|save-state|set-env) name=[\w.-]{0,40}?"
        r"(?:secret|token|passw|pwd|api_?key|credential)[\w.-]{0,24}::(?P<secret>[^\s\"'`]{6,1024})",
        trigger=r"::(?:set-output|save-state|set-env) name=",
        rank=Rank.NAMED_FIELD,
        reach=40,
        after=1200,
        accept=is_positional_secret,
    ),
    pattern_rule(
        "secret",
        "a parameter that AWS keeps as a secure string",
        r"(?-i:SecureString)(?:\\{0,7}\"[^{}]{0,300}?\\{0,7}\"Value\\{0,7}\"[ ]?:[ ]?\\{0,7}\"|"
        r"\t|\\t)(?P<secret>[^\s\"\\]{4,4096})",
        trigger=r"SecureString(?:\\|\"|\t)",
        rank=Rank.NAMED_FIELD,
        reach=40,
        after=4600,
        is_caseless=False,
        accept=is_typed_password,
    ),
    pattern_rule(
        "secret",
        "a version of a secret of Google's, with its checksum",
        r"\"data\\{0,7}\"\s{0,4}:\s{0,4}\\{0,7}\"(?P<secret>[A-Za-z0-9+/_-]{6,8192}={0,2})"
        r"\\{0,7}\",(?:\s|\\n){0,24}\\{0,7}\"dataCrc32c",
        trigger=r"dataCrc32c",
        rank=Rank.NAMED_FIELD,
        reach=8300,
        is_caseless=False,
    ),
    pattern_rule(
        "secret",
        "the second of the two keys of a service of Azure in hexadecimal",
        r"primary_?key\\{0,7}\"\s{0,4}:[^{}\n]{0,100}\s{0,24}\\{0,7}\""
        r"secondary_?key\\{0,7}\"\s{0,4}:\s{0,4}\\{0,7}\"(?P<secret>[0-9a-f]{32})\\{0,7}\"",
        trigger=r"secondary_?key\\{0,7}\"\s{0,4}:\s{0,4}\\{0,7}\"[0-9a-f]{32}",
        rank=Rank.NAMED_FIELD,
        reach=160,
    ),
    pattern_rule(
        "secret",
        "the first of the two keys of a service of Azure in hexadecimal",
        r"primary_?key\\{0,7}\"\s{0,4}:\s{0,4}\\{0,7}\"(?P<secret>[0-9a-f]{32})\\{0,7}\",\s{0,24}"
        r"\\{0,7}\"secondary_?key",
        trigger=r"primary_?key\\{0,7}\"\s{0,4}:\s{0,4}\\{0,7}\"[0-9a-f]{32}",
        rank=Rank.NAMED_FIELD,
        reach=60,
    ),
)
