"""What the name of a transcript's file identifies.

Apart from `model`: what only lists transcripts, as `status` does, starts faster without all of it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stream:
    """A session or a subagent, as its transcript's file name identifies it."""

    name: str
    session_id: str
    agent_id: str | None
