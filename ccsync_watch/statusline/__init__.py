"""The line below Claude Code's prompt. Nothing here imports what takes time: see the README."""
