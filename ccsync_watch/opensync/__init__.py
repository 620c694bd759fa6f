"""The OpenSync backend: its wire format, and the sink that speaks it over HTTP."""
