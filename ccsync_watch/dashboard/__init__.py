"""What the daemon serves: the control API on a socket that only its user can reach."""
