"""Payments, commerce and banking."""

from __future__ import annotations

from ccsync_watch.privacy.detect.vendors.cloud import UUID
from ccsync_watch.privacy.detect.vendors.rule import vendor, worded

PAYMENTS = (
    vendor(
        "stripe-key",
        "Stripe secret or restricted key; Paystack and Clerk use the same form",
        r"[sr]k_(?:live|test|prod)_[A-Za-z0-9]{16,}",
    ),
    vendor("stripe-key", "Stripe organisation key", r"sk_org_(?:live|test)?_?[A-Za-z0-9]{24,}"),
    vendor(
        "webhook-secret",
        "Signing secret of a webhook (Stripe, Svix, Clerk, Resend)",
        r"whsec_[A-Za-z0-9+/=_-]{24,}",
    ),
    worded("square-token", "Square access token or secret", r"sq0[a-z]{3}-[A-Za-z0-9_-]{22,}"),
    worded("square-token", "Square access token", r"EAAA[A-Za-z0-9_-]{60}"),
    vendor(
        "braintree-token",
        "Braintree token",
        r"access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}",
    ),
    vendor("razorpay-key", "Razorpay key", r"rzp_(?:live|test)_[A-Za-z0-9]{14,}"),
    worded("adyen-key", "Adyen API key", r"AQE[a-z]hm[A-Za-z0-9+/=_-]{50,}"),
    vendor(
        "flutterwave-key",
        "Flutterwave key",
        r"FLW(?:SECK|PUBK)?(?:_TEST|_LIVE)?-[0-9a-zA-Z]{12,80}(?:-X)?",
    ),
    worded(
        "plaid-token",
        "Plaid token",
        r"(?:access|public|link)-(?:sandbox|development|production)-" + UUID,
    ),
    worded(
        "mollie-key",
        "Mollie, GoCardless, Chargebee, Lob key",
        r"(?:live|test)_(?:pub_)?[A-Za-z0-9-]{28,}",
        "mixed",
    ),
    worded("gocardless-token", "GoCardless token", r"sandbox_[A-Za-z0-9_-]{38,}", "mixed"),
    vendor("paddle-key", "Paddle key", r"pdl_(?:live|sdbx)_apikey_[a-z0-9]{26}_[A-Za-z0-9_]{20,}"),
    vendor("paddle-key", "Paddle webhook secret", r"pdl_ntfset_[a-z0-9]{20,40}_[A-Za-z0-9+/]{24,}"),
    vendor("xendit-key", "Xendit key", r"xnd_(?:production|development)_[A-Za-z0-9]{30,}"),
    vendor("polar-token", "Polar token", r"polar_[a-z]{2,6}_[A-Za-z0-9]{30,}"),
    worded("checkout-key", "Checkout.com key", r"sk_(?:sbox_)?[a-z2-7]{26}"),
    vendor("midtrans-key", "Midtrans key", r"(?:SB-)?Mid-server-[A-Za-z0-9_-]{20,}"),
    vendor(
        "mercadopago-token",
        "Mercado Pago token",
        r"(?:APP_USR|TEST)-[0-9]{12,18}-[0-9]{6}-[0-9a-f_]{32,40}-[0-9]{6,}",
    ),
    vendor("shopify-token", "Shopify token", r"shp(?:at|ca|pa|ss|ua|tka|ltk)_[0-9a-fA-F]{32,}"),
    worded("easypost-key", "EasyPost key", r"EZ[AT]K[A-Za-z0-9]{50,}"),
    vendor("shippo-token", "Shippo token", r"shippo_(?:live|test)_[0-9a-f]{40}"),
    vendor("duffel-token", "Duffel token", r"duffel_(?:test|live)_[A-Za-z0-9_-]{40,}"),
    vendor("mercury-token", "Mercury token", r"secret-token:[a-z_]{4,40}_[A-Za-z0-9_-]{20,}"),
    worded("brex-token", "Brex token", r"bxt_[A-Za-z0-9]{30,}"),
    worded(
        "lemonsqueezy-key",
        "Increase or Column key",
        r"(?:live|test|sandbox|production)_(?:key|secret)_[A-Za-z0-9]{20,}",
    ),
    worded(
        "cashfree-key", "Cashfree secret", r"cfsk_ma_(?:prod|test)_[0-9a-f]{30,60}_[0-9a-f]{6,}"
    ),
    worded(
        "monzo-token",
        "Payment provider's key",
        r"(?:pdk|tok|prv|priv|secret|sec)_(?:live|test|prod|sandbox|stagenet)_[A-Za-z0-9_]{18,}",
        "mixed",
    ),
    worded("coinbase-key", "Crypto exchange key", r"organizations/" + UUID + r"/apiKeys/" + UUID),
    worded("bitcoin-key", "Extended private key", r"[xyztuv]prv[1-9A-HJ-NP-Za-km-z]{100,}"),
)
