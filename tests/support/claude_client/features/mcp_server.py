"""An MCP server on standard input and output, run by the client: odd names, odd outputs."""

from __future__ import annotations

import json
import sys
from typing import Any

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAA"
    "AABJRU5ErkJggg=="
)
"""A PNG image of one pixel, 70 bytes, in base64."""
_RESULTS: dict[str, list[dict[str, Any]]] = {
    "threads": [{"type": "text", "text": "\x1b[31mred\x1b[0m and \x1b[1;32mgreen\x1b[0m threads"}],
    "edit-profile": [
        {"type": "text", "text": "the profile was read"},
        {"type": "resource", "resource": {"uri": "garden://beds", "text": "three beds"}},
        {"type": "image", "data": PIXEL, "mimeType": "image/png"},
    ],
    "create_view": [{"type": "text", "text": "many words " * 40_000}],
}


def _answer(method: str, params: dict[str, Any]) -> dict[str, Any]:
    if method == "initialize":
        return {
            "protocolVersion": params["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "garden", "version": "1"},
        }
    if method == "tools/list":
        schema = {"type": "object", "properties": {}}
        tools = [{"name": name, "description": name, "inputSchema": schema} for name in _RESULTS]
        return {"tools": tools}
    if method == "tools/call":
        return {"content": _RESULTS[params["name"]]}
    return {}


def _serve() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        if "id" in request:
            result = _answer(request["method"], request.get("params", {}))
            sys.stdout.write(
                json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}) + "\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    _serve()
