"""The process that downloads the current price data of `genai-prices`, checks it, and exits.

Input is JSON on standard input: `url` (null: the project's own) and `target`, the file to write.
Output is JSON: `models`, how many there are, or `error`. A file that is there stays as it is unless
the new data can be read as a whole.
"""

from __future__ import annotations

import json
import sys
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from genai_prices.update_prices import DEFAULT_UPDATE_URL

from ccsync_watch.accounting import price_data
from ccsync_watch.accounting.prices import replace_file

_SECONDS = 20.0
_MAX_BYTES = 64 << 20
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def main() -> None:
    """Download, check and write the data; print what came of it."""
    request = json.load(sys.stdin)
    json.dump(update(request["url"] or DEFAULT_UPDATE_URL, Path(request["target"])), sys.stdout)


def update(url: str, target: Path) -> dict[str, Any]:
    """Return the number of models, or the error."""
    try:
        providers = json.loads(_download(url))
        snapshot = price_data.parse(providers)
        wrapper = {"library": metadata.version(price_data.LIBRARY), "providers": providers}
        replace_file(target, json.dumps(wrapper).encode())
    except httpx.HTTPStatusError as error:
        return {"error": f"{url} answered with {error.response.status_code}"}
    except (httpx.HTTPError, httpx.InvalidURL, ImportError) as error:  # of proxies, too
        return {"error": f"{url} cannot be reached ({str(error) or type(error).__name__})"}
    except (ValueError, TypeError, KeyError, AttributeError):
        return {"error": f"{url} is not the price data of genai-prices"}
    except OSError as error:
        return {"error": f"{target} cannot be written ({error.strerror})"}
    return {"models": sum(len(provider.models) for provider in snapshot.providers)}


def _download(url: str) -> bytes:
    """Return what is at an address, without following it elsewhere."""
    is_local = urlsplit(url).hostname in _LOOPBACK
    data = bytearray()
    with (
        httpx.Client(timeout=_SECONDS, trust_env=not is_local) as client,
        client.stream("GET", url) as answer,
    ):
        if not answer.is_success:
            raise httpx.HTTPStatusError("", request=answer.request, response=answer)
        for chunk in answer.iter_bytes():
            data += chunk
            if len(data) > _MAX_BYTES:
                raise ValueError("the answer is too long")
    return bytes(data)


if __name__ == "__main__":
    main()
