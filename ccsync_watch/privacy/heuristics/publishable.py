"""Keys that their vendors tell people to publish, in pages and applications: no secrets.

They stand under the names of secrets (`STRIPE_KEY`, `apiKey`), and only their form says what they
are. `samples` are shapes, as in `detect/vendors/`.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Publishable(NamedTuple):
    """A form of publishable keys, and the address of the documentation that says so."""

    about: str
    pattern: str
    source: str
    samples: str


PUBLISHABLE = (
    Publishable(
        "Stripe, Clerk and Paystack publishable key",
        r"pk_(?:live|test)_[A-Za-z0-9+/=_-]{8,}\$?",
        "https://docs.stripe.com/keys",
        "pk_live_51{a:97} pk_test_{a:24} pk_test_{b:40}$ pk_live_{h:40}",
    ),
    Publishable(
        "Checkout.com public key",
        r"pk_(?:sbox_|test_)?(?:[a-z2-7]{26}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})[*=$]?",
        "https://www.checkout.com/docs/developer-resources/api/manage-api-keys",
        "pk_sbox_{32:26} pk_{32:26} pk_{uuid}",
    ),
    Publishable(
        "Liveblocks public key",
        r"pk_(?:dev|prod)_(?=[^a-z]*[a-z])[A-Za-z0-9_-]{24,}",
        "https://liveblocks.io/docs/authentication",
        "pk_dev_{w:76} pk_prod_{w:76}",
    ),
    Publishable(
        "Mapbox public token",
        r"pk\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+",
        "https://docs.mapbox.com/help/dive-deeper/access-tokens/",
        "pk.eyJ{a:80}.{w:22}",
    ),
    Publishable(
        "Supabase publishable key",
        r"sb_publishable_[A-Za-z0-9_-]+",
        "https://supabase.com/docs/guides/api/api-keys",
        "sb_publishable_{w:22}_{w:8}",
    ),
    Publishable(
        "PostHog project key",
        r"phc_[A-Za-z0-9]+",
        "https://posthog.com/docs/api",
        "phc_{a:43}",
    ),
    Publishable(
        "PubNub publish or subscribe key",
        r"[ps]ub-c-[0-9a-f-]+",
        "https://www.pubnub.com/docs/general/setup/account-setup",
        "pub-c-{uuid} sub-c-{uuid}",
    ),
    Publishable(
        "Lob publishable key",
        r"(?:live|test)_pub_[0-9a-f]+",
        "https://docs.lob.com/",
        "live_pub_{h:31} test_pub_{h:31}",
    ),
    Publishable(
        "Flutterwave public key",
        r"FLWPUBK(?:_TEST)?-[0-9a-zA-Z-]+",
        "https://developer.flutterwave.com/docs/authentication",
        "FLWPUBK-{h:32}-X FLWPUBK_TEST-{h:32}-X",
    ),
    Publishable(
        "Midtrans client key",
        r"(?:SB-)?Mid-client-[A-Za-z0-9_-]+",
        "https://docs.midtrans.com/docs/technical-faq",
        "Mid-client-{a:16} SB-Mid-client-{a:16}",
    ),
    Publishable(
        "Langfuse public key",
        r"pk-lf-[0-9a-f-]+",
        "https://langfuse.com/docs/api-and-data-platform/features/public-api",
        "pk-lf-{uuid}",
    ),
    Publishable(
        "Braintree tokenization key",
        r"(?:sandbox|production)_[a-z0-9]{8}_[a-z0-9]{16}",
        "https://developer.paypal.com/braintree/docs/guides/authorization/tokenization-key",
        "sandbox_{l:8}_{l:16} production_{l:8}_{l:16}",
    ),
    Publishable(
        "Datadog client token",
        r"pub[0-9a-f]{32}",
        "https://docs.datadoghq.com/account_management/api-app-keys/",
        "pub{h:32}",
    ),
    Publishable(
        "DevCycle client or mobile key",
        r"dvc_(?:client|mobile)_[A-Za-z0-9_]+",
        "https://docs.devcycle.com/sdk/",
        "dvc_client_{h:32} dvc_mobile_{h:32}",
    ),
    Publishable(
        "Square application id",
        r"sq0idp-[A-Za-z0-9_-]+|sandbox-sq0idb-[A-Za-z0-9_-]+",
        "https://developer.squareup.com/docs/build-basics/access-tokens",
        "sq0idp-{w:22} sandbox-sq0idb-{w:22}",
    ),
    Publishable(
        "Cloudflare Turnstile site key",
        r"0x4AAAAA[A-Za-z0-9_-]{12,18}",
        "https://developers.cloudflare.com/turnstile/get-started/",
        "0x4AAAAA{w:16}",
    ),
    Publishable(
        "id by which Google Analytics counts a browser",
        r"GA1\.[0-9]-?[0-9]?\.[0-9]{5,12}\.[0-9]{8,12}",
        "https://support.google.com/analytics/answer/11397207",
        "GA1.2.1{d:9}.1{d:9}",
    ),
)

_ANY = re.compile("|".join(f"(?:{key.pattern})" for key in PUBLISHABLE))


def is_publishable(value: str) -> bool:
    """Tell whether a value is a key that is meant to be published."""
    return _ANY.fullmatch(value) is not None
