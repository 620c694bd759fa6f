"""The long-running process: main loop, settings changes, servers, lock, signals and shutdown."""
