"""From a dirty transcript to committed rows: the pump and what it is made of."""

from __future__ import annotations

from ccsync_watch.pipeline.pump import Pump
from ccsync_watch.pipeline.pump_config import Files, Progress, PumpConfig
from ccsync_watch.privacy.policy.projects import Projects

__all__ = ["Files", "Progress", "Projects", "Pump", "PumpConfig"]
