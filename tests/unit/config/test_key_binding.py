"""The API key is sent only to the host that it was configured for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.config import Secret, load, options_path, state_folder
from ccsync_watch.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[[bytes | dict[str, Any]], Path]

OWN = "https://own-otter-1.convex.cloud"
OTHER = "https://other-heron-2.convex.cloud"
KEY = "osk_0123456789abcdef"
OTHER_KEY = "osk_fedcba9876543210"


def place(
    env: dict[str, str], write: Write, source: str, values: dict[str, str]
) -> dict[str, object]:
    """Set values in a source; return the flags."""
    if source == "file":
        write(dict(values))
    elif source == "environment":
        names = {"convex_url": "CLAUDE_SYNC_CONVEX_URL", "api_key": "CLAUDE_SYNC_API_KEY"}
        env.update({names[name]: value for name, value in values.items()})
    elif source == "options":
        path = options_path(state_folder(env))
        path.parent.mkdir(parents=True, mode=0o700)
        path.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    else:
        return dict(values)
    return {}


@pytest.mark.parametrize(
    ("key_source", "own_url", "url_source"),
    [
        ("file", OWN, "environment"),
        ("file", OWN, "flag"),
        ("file", None, "environment"),
        ("file", None, "flag"),
        ("file", None, "options"),
        ("options", OWN, "file"),
        ("options", OWN, "environment"),
        ("options", None, "environment"),
        ("options", None, "flag"),
        ("environment", OWN, "flag"),
        ("environment", None, "options"),
        ("file", f"{OTHER}:8443", "environment"),
    ],
)
def test_key_is_not_sent_to_an_address_from_elsewhere(
    env: dict[str, str], write: Write, key_source: str, own_url: str | None, url_source: str
) -> None:
    """The error names both places and the address, never the key, and what to do."""
    beside = {"convex_url": own_url} if own_url else {}
    flags = place(env, write, key_source, {"api_key": KEY, **beside})
    flags |= place(env, write, url_source, {"convex_url": OTHER})
    with pytest.raises(ConfigError) as caught:
        load(env, flags)
    places = {
        "file": str(env["HOME"]),
        "environment": "environment",
        "options": "the plugin's options",
        "flag": "--convex-url",
    }
    text = str(caught.value)
    assert all(part in text for part in (places[key_source], places[url_source], OTHER))
    assert KEY not in text
    assert caught.value.hint


@pytest.mark.parametrize(
    ("key_source", "url_source"),
    [
        ("environment", "file"),
        ("options", "file"),
        ("environment", "flag"),
    ],
)
def test_key_without_an_address_is_for_the_users_own(
    env: dict[str, str], write: Write, key_source: str, url_source: str
) -> None:
    """A key from a secret manager, for the URL in the settings file or beside it."""
    flags = place(env, write, key_source, {"api_key": KEY})
    flags |= place(env, write, url_source, {"convex_url": OWN})
    assert load(env, flags).api_key == Secret(KEY)


@pytest.mark.parametrize("url", [OWN, f"{OWN}/", OWN.replace("own", "OWN").lower()])
def test_same_host_elsewhere_receives_the_key(env: dict[str, str], write: Write, url: str) -> None:
    """A variable that repeats the file's address changes nothing."""
    write({"convex_url": OWN, "api_key": KEY})
    env["CLAUDE_SYNC_CONVEX_URL"] = url
    assert load(env).api_key == Secret(KEY)


def test_address_with_a_key_of_its_own_is_used(env: dict[str, str], write: Write) -> None:
    """Or with none: a variable that is set to nothing stands for a backend without keys."""
    write({"convex_url": OWN, "api_key": KEY})
    env |= {"CLAUDE_SYNC_CONVEX_URL": OTHER, "CLAUDE_SYNC_API_KEY": OTHER_KEY}
    assert load(env).api_key == Secret(OTHER_KEY)
    env["CLAUDE_SYNC_API_KEY"] = ""
    assert (load(env).convex_url, load(env).api_key) == (OTHER, None)


def test_login_may_change_the_address(env: dict[str, str], write: Write) -> None:
    """It asks for both, and brings both; after an empty answer there is not any."""
    write({"convex_url": OWN, "api_key": KEY})
    assert load(env, {"convex_url": OTHER, "api_key": OTHER_KEY}).api_key == Secret(OTHER_KEY)
    assert load(env, {"convex_url": OTHER, "api_key": ""}).api_key is None
