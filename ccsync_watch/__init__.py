"""Stream Claude Code transcripts, redacted, to a dashboard that the user owns."""

__version__ = "0.2.0"
