"""How repaired lines are named where lines are counted by their type."""

REPAIRED_PREFIX = "~"
"""Before what was repaired in a row."""
