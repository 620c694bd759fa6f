"""The OpenSync backend as a destination: wire format, HTTP and delivery."""

import sys

# httpx imports its own command line wherever it can: a third of a second, and it is not used.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None: cannot be imported
