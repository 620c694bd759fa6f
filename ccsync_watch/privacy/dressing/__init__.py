"""What stands between a secret and its rule: colours, escapes, encodings, quotes, folded lines."""
