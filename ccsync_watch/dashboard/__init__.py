"""The local dashboard: pages made from the store, and served to this machine's user alone."""
