"""The control API that the daemon serves on its socket: requests, answers, and the client."""
