"""The tables of vendors' formats, by what the vendors offer."""

from __future__ import annotations

from ccsync_watch.privacy.detect.vendors.addresses import ADDRESSES
from ccsync_watch.privacy.detect.vendors.ai_models import AI_MODELS
from ccsync_watch.privacy.detect.vendors.ai_tools import AI_TOOLS
from ccsync_watch.privacy.detect.vendors.azure import AZURE
from ccsync_watch.privacy.detect.vendors.builds import BUILDS
from ccsync_watch.privacy.detect.vendors.chat import CHAT
from ccsync_watch.privacy.detect.vendors.cloud import CLOUD
from ccsync_watch.privacy.detect.vendors.commerce import COMMERCE
from ccsync_watch.privacy.detect.vendors.databases import DATABASES
from ccsync_watch.privacy.detect.vendors.documents import DOCUMENTS
from ccsync_watch.privacy.detect.vendors.mail import MAIL
from ccsync_watch.privacy.detect.vendors.observability import OBSERVABILITY
from ccsync_watch.privacy.detect.vendors.payments import PAYMENTS
from ccsync_watch.privacy.detect.vendors.platforms import PLATFORMS
from ccsync_watch.privacy.detect.vendors.rule import Check, Vendor
from ccsync_watch.privacy.detect.vendors.secret_stores import SECRET_STORES
from ccsync_watch.privacy.detect.vendors.services import SERVICES
from ccsync_watch.privacy.detect.vendors.source_hosting import SOURCE_HOSTING

VENDORS: tuple[Vendor, ...] = (
    *CLOUD,
    *AZURE,
    *PLATFORMS,
    *DATABASES,
    *SOURCE_HOSTING,
    *BUILDS,
    *AI_MODELS,
    *AI_TOOLS,
    *PAYMENTS,
    *COMMERCE,
    *CHAT,
    *ADDRESSES,
    *MAIL,
    *SECRET_STORES,
    *OBSERVABILITY,
    *DOCUMENTS,
    *SERVICES,
)

__all__ = ["VENDORS", "Check", "Vendor"]
