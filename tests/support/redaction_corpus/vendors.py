"""Formats to draw made-up tokens from: the samples of the vendors' tables, and values under names.

A shape is a text in which `{alphabet:length}` is drawn at random, other braces stay; no real token
is in the repository.
"""

from __future__ import annotations

import base64
import re
import string
import uuid
from typing import TYPE_CHECKING

from ccsync_watch.privacy.detect.vendors import VENDORS

if TYPE_CHECKING:
    import random

HEX = "0123456789abcdef"
LOWER = string.ascii_lowercase + string.digits
UPPER = string.ascii_uppercase + string.digits
ALNUM = string.ascii_letters + string.digits
URL64 = ALNUM + "-_"
B64 = ALNUM + "+/"
ALPHABETS = {
    "h": HEX,
    "l": LOWER,
    "u": UPPER,
    "a": ALNUM,
    "w": URL64,
    "b": B64,
    "d": string.digits,
    "L": string.ascii_letters,
    "U": string.ascii_uppercase,
    "z": string.ascii_lowercase,
    "32": "abcdefghijklmnopqrstuvwxyz234567",
    "B32": "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
    "H": "0123456789ABCDEF",
    "58": "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
    "k": "qpzry9x8gf2tvdw0s3jn54khce6mua7l".upper(),
}
_HOLE = re.compile(r"\{(\w+)(?::(\d+)(?:-(\d+))?)?\}")


def drawn(alphabet: str, length: int, rng: random.Random) -> str:
    """Return `length` characters; the ends are letters or digits, as in real tokens."""
    text = [rng.choice(alphabet) for _ in range(length)]
    plain = [c for c in alphabet if c.isalnum()]
    text[0], text[-1] = rng.choice(plain), rng.choice(plain)
    return "".join(text)


def token(shape: str, rng: random.Random) -> str:
    """Return a made-up token of `shape`."""

    def fill(match: re.Match[str]) -> str:
        name, low, high = match.groups()
        if name == "uuid":
            return str(uuid.UUID(int=rng.getrandbits(128), version=4))
        if name == "jwt":
            head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=").decode()
            body = (
                base64.urlsafe_b64encode(
                    b'{"sub":"%d","iat":1700000000}' % rng.randrange(10**9),
                )
                .rstrip(b"=")
                .decode()
            )
            return f"{head}.{body}.{drawn(URL64, 43, rng)}"
        if low is None:
            return match[0]
        length = rng.randint(int(low), int(high)) if high else int(low)
        return drawn(ALPHABETS[name], length, rng)

    return _HOLE.sub(fill, shape)


def planted(shape: str, rng: random.Random) -> tuple[str, str]:
    """Return a made-up token with what surrounds it in its format, and its secret.

    `«»` encloses the secret where it is not the whole: the end of a URL.
    """
    text = token(shape, rng)
    before, opening, rest = text.partition("«")
    secret, _, after = rest.partition("»")
    return (before + secret + after, secret) if opening else (text, text)


def _collect_samples() -> dict[str, str]:
    """Return the samples of all vendors by the kind of their row, numbered."""
    families = {"jwt": "{jwt}"}
    for row in VENDORS:
        for sample in row.samples.split():
            number = sum(family.startswith(f"{row.id} ") for family in families) + 1
            families[f"{row.id} {number}"] = sample
    return families


PREFIXED: dict[str, str] = _collect_samples()
"""Families known by their own form, wherever they stand."""

KEYED: dict[str, tuple[str, str]] = {
    "aws-secret": ("AWS_SECRET_ACCESS_KEY", "{b:40}"),
    "datadog": ("DD_API_KEY", "{h:32}"),
    "datadog-app": ("DD_APP_KEY", "{h:40}"),
    "twilio-auth": ("TWILIO_AUTH_TOKEN", "{h:32}"),
    "cloudflare": ("CLOUDFLARE_API_TOKEN", "{w:40}"),
    "cloudflare-global": ("CF_API_KEY", "{h:37}"),
    "heroku-uuid": ("HEROKU_API_KEY", "{uuid}"),
    "azure-subscription": ("AZURE_CLIENT_SECRET", "{a:40}"),
    "cosmos": ("COSMOS_ACCOUNT_KEY", "{b:86}=="),
    "mistral": ("MISTRAL_API_KEY", "{a:32}"),
    "cohere": ("COHERE_API_KEY", "{a:40}"),
    "deepgram": ("DEEPGRAM_API_KEY", "{h:40}"),
    "assemblyai": ("ASSEMBLYAI_API_KEY", "{h:32}"),
    "algolia": ("ALGOLIA_ADMIN_API_KEY", "{h:32}"),
    "fastly": ("FASTLY_API_TOKEN", "{w:32}"),
    "linode": ("LINODE_TOKEN", "{h:64}"),
    "hetzner": ("HCLOUD_TOKEN", "{a:64}"),
    "vercel": ("VERCEL_TOKEN", "{a:24}"),
    "snyk": ("SNYK_TOKEN", "{uuid}"),
    "codecov": ("CODECOV_TOKEN", "{uuid}"),
    "pagerduty": ("PAGERDUTY_API_KEY", "{w:20}"),
    "opsgenie": ("OPSGENIE_API_KEY", "{uuid}"),
    "splunk": ("SPLUNK_HEC_TOKEN", "{uuid}"),
    "okta": ("OKTA_API_TOKEN", "00{w:40}"),
    "auth0": ("AUTH0_CLIENT_SECRET", "{w:64}"),
    "firebase": ("FIREBASE_TOKEN", "{a:40}"),
    "mixpanel": ("MIXPANEL_API_SECRET", "{h:32}"),
    "segment": ("SEGMENT_WRITE_KEY", "{a:32}"),
    "zendesk": ("ZENDESK_API_TOKEN", "{a:40}"),
    "jenkins": ("JENKINS_API_TOKEN", "11{h:32}"),
    "postmark": ("POSTMARK_SERVER_TOKEN", "{uuid}"),
    "paypal": ("PAYPAL_CLIENT_SECRET", "E{w:79}"),
    "binance": ("BINANCE_SECRET_KEY", "{a:64}"),
    "coinbase": ("COINBASE_API_SECRET", "{b:86}=="),
    "etherscan": ("ETHERSCAN_API_KEY", "{u:34}"),
    "infura": ("INFURA_PROJECT_SECRET", "{h:32}"),
    "ethereum": ("DEPLOYER_PRIVATE_KEY", "0x{h:64}"),
    "django": ("DJANGO_SECRET_KEY", "{a:20}^{a:10}&{a:18}"),
    "rails": ("SECRET_KEY_BASE", "{h:128}"),
    "laravel": ("APP_KEY", "base64:{b:43}="),
    "jwt-secret": ("JWT_SECRET", "{a:32}"),
    "session-secret": ("SESSION_SECRET", "{h:64}"),
    "encryption-key": ("ENCRYPTION_KEY", "{b:43}="),
    "webhook-secret": ("WEBHOOK_SECRET", "{h:40}"),
    "nextauth": ("NEXTAUTH_SECRET", "{b:43}="),
    "db-password": ("DB_PASSWORD", "{a:14}"),
    "db-password-symbols": ("POSTGRES_PASSWORD", "{a:5}!{a:4}@{a:3}#{a:2}"),
    "redis-password": ("REDIS_PASSWORD", "{a:24}"),
    "smtp-password": ("SMTP_PASSWORD", "{z:4} {z:4} {z:4} {z:4}"),
    "root-password": ("MYSQL_ROOT_PASSWORD", "{a:10}"),
    "basic-password": ("HTTP_BASIC_PASSWORD", "{z:5}{d:4}!"),
    "vault-uuid": ("CONSUL_HTTP_TOKEN", "{uuid}"),
    "nomad": ("NOMAD_TOKEN", "{uuid}"),
    "client-secret": ("GITHUB_CLIENT_SECRET", "{h:40}"),
    "reddit": ("REDDIT_CLIENT_SECRET", "{w:30}"),
    "spotify": ("SPOTIFY_CLIENT_SECRET", "{h:32}"),
    "twitter": ("TWITTER_ACCESS_TOKEN_SECRET", "{a:45}"),
    "shared-access-key": ("SERVICE_BUS_SHARED_ACCESS_KEY", "{b:43}="),
    "access-token": ("ACCESS_TOKEN", "{w:64}"),
    "refresh-token": ("REFRESH_TOKEN", "{w:86}"),
    "ngrok": ("NGROK_AUTHTOKEN", "2{a:26}_{a:21}"),
    "minio": ("MINIO_SECRET_KEY", "{a:40}"),
    "meilisearch": ("MEILI_MASTER_KEY", "{w:43}"),
    "elastic": ("ELASTIC_API_KEY", "{w:60}=="),
    "grafana-admin": ("GF_SECURITY_ADMIN_PASSWORD", "{a:16}"),
}
"""Families known by their name only: the variable it usually has, and the value's shape."""
