"""Command lines: what they run, and whether that prints secrets."""
