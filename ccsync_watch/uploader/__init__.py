"""Drain the outbox: one session's rows in order, several sessions in parallel.

Facts: opensync-http-api.md.
"""

from ccsync_watch.uploader.destination import Destination, Health
from ccsync_watch.uploader.worker import Uploader

__all__ = ["Destination", "Health", "Uploader"]
