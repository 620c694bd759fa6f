"""Tells what stands where a secret would, and is none.

Placeholders of documentation, references to where a secret is kept, code, words of forms and types,
sentences, public keys, regular expressions. All functions are pure, and linear in a value that the
caller has bounded.
"""

from __future__ import annotations

import re

from ccsync_watch.privacy.heuristics.gibberish import is_gibberish
from ccsync_watch.privacy.heuristics.words import word_list

_MASK = re.compile(r"(?:x{3,}|\*{2,}|\.{2,}|…+|-{2,}|_{2,}|#{2,}|•+|●+|0+|12345?6?7?8?9?0?)")
_ONLY_WORDS = re.compile(r"[A-Za-z_ ./:<>\[\]{}()-]+[0-9]?")
_PLACEHOLDER_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_PLACEHOLDER_WORDS = frozenset(
    word_list(
        "my your the some a an any user db database admin test dummy fake mock sample example"
        " demo default secure strong new old current super top very long random enter choose put"
        " insert add set paste here is goes in for with to production prod dev local valid"
        " invalid wrong bad bogus placeholder changeme change replace replaceme me todo tbd"
        " fixme redacted removed hidden masked omitted secret secrets token tokens key keys api"
        " apikey auth access private public client server app service bearer jwt oauth webhook"
        " session refresh password passwd passphrase pass pwd pw credential credentials value"
        " string str text hash id name username var variable env foo bar baz qux abc xyz null"
        " none nil undefined true false empty blank yes no required optional openai anthropic"
        " github gitlab stripe aws google azure slack generated something anything whatever"
        " stuff thing data field input form label type account base encryption signing master"
        " root connection url uri host of this that and or not x y z xx xxx"
    )
)
_PLACEHOLDER_PART = re.compile(
    r"x{5,}|\*{3,}|\.{3}|…|•{2,}|(?-i:(?:^|[-_ <])(?:your|my|YOUR|MY)[-_ ](?:[a-z]{3}|[A-Z]{3}))|"
    r"^your[a-z_-]*$|example|placeholder|change[-_ ]?me|"
    r"replace[-_ ]?(?:me|with|this)|redacted|insert[-_ ]|goes[-_ ]here|[-_ ]here$|dummy|"
    r"([^Aa])\1{7,}|1234567890|0123456789|^<[^<>]*>$|^\[[^\]]*\]$|todo|fixme|"
    r"not[-_]?a[-_]?(?:real|secret)|lorem|do[-_]not[-_]use|sha(?:1|256|384|512)-|deadbeef|cafebabe",
    re.IGNORECASE,
)
_TOKEN_PLACEHOLDER = re.compile(
    rb"x{6,}|\*{3,}|\.{3}|example|placeholder|your[-_]|[-_]here|changeme|redacted|insert|dummy|"
    rb"([^Aa])\1{7,}|1234567890|0123456789abcdef|abcdefghij",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"^(?:&(?:lt|#x3c|#x3C|#60);|\$\{|\$\(|\$\{\{|\$[A-Za-z_]+[0-9]?(?:[:.]\w+)*$|"
    r"\$\$?[A-Z_][A-Z0-9_]{2,}(?:$|[/:.,; \"'])|%[A-Za-z_]\w*%$|%\(|%[sdv]\b|\{\{|\{%|"
    r"\{[\w.!:\[\]'\"]*\}|<%|"
    r"<[A-Za-z][^<>]*>?|#\{|@\{|[&*][A-Za-z_-]+[0-9]{0,2}$|!(?:Ref|Sub|GetAtt|env|secret|vault|"
    r"ENV|reference)|"
    r"process\.env|os\.environ|os\.getenv|import\.meta|Deno\.env|Bun\.env|System\.getenv|std::env|"
    r"env[.:(\[/]|ENV[\[.]|getenv|ctx\.|config\.|settings\.|self\.|this\.|var\.|vars\.|local\.|"
    r"data\.|module\.|"
    r"secrets?\.|inputs?\.|params?\.|props\.|args\.|options?\.|opts\.|req\.|request\.|response\.|"
    r"res\.|"
    r"github\.|steps\.|needs\.|values\.|\.Values|aws_|random_|azurerm_|google_|"
    r"arn:|vault:|ref\+|op://|file:|keychain:|keyring:|pass:|env://|ssm:|secretsmanager:|"
    r"doppler://|gcp-sm://|akv://|projects/|secret://|"
    r"@[/~.]|/run/secrets|~/|\./|\.\./|/(?:etc|var|run|home|usr|opt|tmp|root|mnt|Users)/|[A-Z]:\\|"
    r"await |new |function|lambda|async |typeof|Optional\[|Union\[|List\[|Array<|Promise<|Record<|"
    r"string\b[\[|; ,)]|str\b[\[| ,)]|\{\}|\[\]|\(\))",
)
_CODE_CALL = re.compile(r"^[A-Za-z_$][\w$.:>-]*(?:\(|\[|\?\.|::|->|=>|\.[A-Za-z_$][\w$]*\()")
_OPERATOR = re.compile(r"[(\[{<|=]|[!&+?*][A-Za-z_.]+\W*$|(?:&&|\|\||!=|\?\?)")
_DOTTED = re.compile(
    r"^[A-Za-z_$][A-Za-z_$]*[0-9]{0,2}(?:\.[A-Za-z_$][A-Za-z_$]*[0-9]{0,2})+[!?]?$"
)
_TYPE_NAME = re.compile(
    r"^(?:\w+\.)*[A-Z][A-Za-z0-9]*[a-z0-9](?:Key|Token|Secret|Credential|Password)s?(?:Types?)?$"
)
IDENTIFIER = re.compile(r"^[A-Za-z_$][A-Za-z_$]*(?:[-_.][A-Za-z]+)*[!?]?$")
_TYPE_WORDS = frozenset(
    word_list(
        "string str text bytes byte bool boolean int integer number float double char any"
        " object unknown never void null none nil undefined true false yes no on off required"
        " optional nullable hidden visible enabled disabled default auto automatic manual input"
        " output field label value password passwd secret token key username user email name"
        " type kind id uuid url uri path file env environment variable vault keychain keyring"
        " prompt ask stdin stdout stderr interactive encrypted decrypted hashed plaintext plain"
        " md5 sha1 sha256 sha512 bcrypt scrypt argon2 base64 hex binary ascii utf8 utf-8 json"
        " yaml xml html css missing invalid valid incorrect correct wrong empty unset set"
        " changed expired active inactive pending failed success ok error fail basic bearer"
        " digest negotiate ntlm oauth oauth2 saml oidc jwt apikey api_key session cookie header"
        " query body form admin root guest test testing example localhost postgres mysql redis"
        " mongodb rabbitmq elastic changeme await async return self this const let var new"
        " function lambda def class import from public private protected static final readonly"
        " writeonly current-password new-password one-time-code off-by-default current new old"
        " confirm confirmation reset forgot forgotten change update create delete remove verify"
        " show hide strength policy length masked redacted protected unchanged same"
    )
)
_FUNCTION_WORDS = frozenset(
    word_list(
        "the a an is are was were of to in on at and or not by with from as be it your please"
        " for our"
    )
)
_SENTENCE_WORDS = frozenset(
    word_list(
        "the a an is are was be been to of in on at for and or not your you it this that with"
        " please must should can cannot will would could may has have had do does did if when"
        " enter required invalid incorrect forgot reset change new confirm your by from as no at"
        " least characters use used using password token field error missing failed than more"
        " must contain minimum maximum"
    )
)
_PUBLIC = re.compile(
    r"M(?:FkwEwYHKoZIzj0C|HYwEAYHKoZIzj0C|II[A-Za-z0-9+/]{2}jANBgkqh|CowBQYDK2V)|"
    r"AAAA[BCE][23]NzaC1|"
    r"LS0tLS1CRUdJTiB(?:DRVJU|QVUJ)|ssh-(?:rsa|ed25519)|ecdsa-sha2",
)
_REGEX = re.compile(r"\\[swdbWSDB]|\(\?|\[\^|[\])][+*?{]|\{\d+,?\d*\}|\.[*+](?:[^\w]|$)")


def is_token_placeholder(token: bytes) -> bool:
    """Tell `sk-xxxx…` and `AKIA…EXAMPLE` from a vendor's token; never by entropy."""
    return _TOKEN_PLACEHOLDER.search(token) is not None


def is_placeholder(value: str) -> bool:
    """Tell a stand-in (`YOUR_API_KEY`, `changeme`, `<token>`, `****`) from a value."""
    text = value.strip()
    if not text or _MASK.fullmatch(text) or _PLACEHOLDER_PART.search(text):
        return True
    return _ONLY_WORDS.fullmatch(text) is not None and all(
        word.lower() in _PLACEHOLDER_WORDS for word in _PLACEHOLDER_WORD.findall(text)
    )


def is_reference(value: str) -> bool:
    """Tell what names where a secret is (`${TOKEN}`, `os.environ[…]`, a path) from a secret."""
    return _REFERENCE.match(value) is not None


def is_code(value: str) -> bool:
    """Tell an expression of a programming language from an unquoted value."""
    return (
        _CODE_CALL.match(value) is not None
        or _DOTTED.match(value) is not None
        or _OPERATOR.match(value) is not None
        or _TYPE_NAME.match(value) is not None
    )


def is_dotted_name(value: str) -> bool:
    """Tell a setting's or a module's name (`fs.s3.keyId`) from a value."""
    return _DOTTED.match(value) is not None and not is_gibberish(value)


def is_word(value: str) -> bool:
    """Tell a word of forms, types and configuration from a password."""
    return value.lower().strip(".,;:!?") in _TYPE_WORDS


def is_identifier(value: str) -> bool:
    """Tell a name without digits (`user_password`, `passwordField`, `Token`) by its shape."""
    return IDENTIFIER.match(value) is not None and not is_gibberish(value)


def is_sentence(value: str) -> bool:
    """Tell prose between quotes from a passphrase."""
    words = value.lower().replace(".", " ").replace("'", " ").split()
    return any(word in _SENTENCE_WORDS for word in words) or value[-1:] in ".?:"


def is_passphrase(value: str) -> bool:
    """Tell words that are a secret: several, lower case, with no function word among them."""
    words = value.split()
    if not all(word.isalpha() and word.islower() for word in words):
        return False
    if len(words) >= 12:  # noqa: PLR2004 - a seed phrase's least
        return not _FUNCTION_WORDS.intersection(words)
    return len(words) >= 3 and not is_sentence(value)  # noqa: PLR2004 - fewer words are a label


def is_public(value: str) -> bool:
    """Tell public keys and certificates by how their encoding begins."""
    return _PUBLIC.match(value) is not None


def is_regex(value: str) -> bool:
    """Tell a regular expression from a value."""
    return _REGEX.search(value) is not None
