"""The embedded database: rows, checkpoints and outbox, which change together or not at all."""
