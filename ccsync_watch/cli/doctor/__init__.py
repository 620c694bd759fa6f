"""What `doctor` examines between Claude Code and the daemon, and why something does not work."""
