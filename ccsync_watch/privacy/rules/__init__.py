"""The table of vendor formats, and the version that changes when a rule does."""

from __future__ import annotations

from ccsync_watch.privacy.rules._table import Check, Vendor
from ccsync_watch.privacy.rules.ai import AI
from ccsync_watch.privacy.rules.chat import CHAT
from ccsync_watch.privacy.rules.cloud import CLOUD
from ccsync_watch.privacy.rules.hosting import HOSTING
from ccsync_watch.privacy.rules.infra import INFRA
from ccsync_watch.privacy.rules.payments import PAYMENTS
from ccsync_watch.privacy.rules.saas import SAAS

VENDORS: tuple[Vendor, ...] = (*CLOUD, *HOSTING, *AI, *PAYMENTS, *CHAT, *INFRA, *SAAS)

__all__ = ["VENDORS", "Check", "Vendor"]
