"""What a secret looks like: one module for each kind of place or format. See `rules`."""
