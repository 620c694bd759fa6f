"""The OpenSync backend: its wire format, and the sink that speaks it over HTTP."""

import sys

# httpx loads its own command line wherever that can be imported: a third of a second, for nothing.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # means: not to be found
