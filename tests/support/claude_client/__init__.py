"""The real Claude Code client for end-to-end tests, offline, against a scripted Messages API."""
