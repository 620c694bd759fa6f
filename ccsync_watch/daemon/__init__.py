"""The process beside Claude Code: lock, threads, signals, control socket, and their order."""
