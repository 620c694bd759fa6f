"""Tokens, money and time, and where each figure comes from: plain functions over the store.

`sessions.accounts` reconciles a session's rows with the client's own total, `statistics` sums them
up, `explanation` says why. All return frozen values; nothing here writes to the store.
"""
