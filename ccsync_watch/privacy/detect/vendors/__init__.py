"""The tables of vendors' formats, by what the vendors offer."""

from __future__ import annotations

from ccsync_watch.privacy.detect.vendors.ai import AI
from ccsync_watch.privacy.detect.vendors.chat import CHAT
from ccsync_watch.privacy.detect.vendors.cloud import CLOUD
from ccsync_watch.privacy.detect.vendors.hosting import HOSTING
from ccsync_watch.privacy.detect.vendors.infra import INFRA
from ccsync_watch.privacy.detect.vendors.payments import PAYMENTS
from ccsync_watch.privacy.detect.vendors.rule import Check, Vendor
from ccsync_watch.privacy.detect.vendors.saas import SAAS

VENDORS: tuple[Vendor, ...] = (*CLOUD, *HOSTING, *AI, *PAYMENTS, *CHAT, *INFRA, *SAAS)

__all__ = ["VENDORS", "Check", "Vendor"]
