"""From a dirty transcript to committed rows: the pump and what it is made of."""

from __future__ import annotations

from ccsync_watch.pipeline.projects import Projects
from ccsync_watch.pipeline.pump import Pump
from ccsync_watch.pipeline.world import Files, Progress, PumpConfig

__all__ = ["Files", "Progress", "Projects", "Pump", "PumpConfig"]
