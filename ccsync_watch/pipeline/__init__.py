"""From a changed transcript to committed rows: the pump and its parts."""

from __future__ import annotations

from ccsync_watch.pipeline.files import Files, RealFiles
from ccsync_watch.pipeline.pump import Pump
from ccsync_watch.pipeline.pump_config import PumpConfig, PumpProgress

__all__ = ["Files", "Pump", "PumpConfig", "PumpProgress", "RealFiles"]
