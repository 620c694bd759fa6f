"""Run the installed `ccsync-watch` as a user would, in a temporary home."""
