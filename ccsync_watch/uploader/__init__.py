"""Upload what is pending: one session's rows in order, several sessions in parallel."""

from ccsync_watch.uploader.destination import Destination
from ccsync_watch.uploader.health import Health
from ccsync_watch.uploader.worker import Uploader

__all__ = ["Destination", "Health", "Uploader"]
