"""Tokens, cost and activity, and where each figure comes from; see README.md."""
