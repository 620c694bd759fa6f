"""Texts made to provoke every rule, again and again: each is repeated to the length wanted."""

from __future__ import annotations

SEEDS = {
    "assignments in assignments": "password=x",
    "names without end": "passwordtoken",
    "one letter": "A",
    "blanks": " ",
    "backslashes": "\\",
    "quotes opened": '"password": "',
    "urls": "://a:b@",
    "authorities": "http://x:y",
    "at signs": "a:b@",
    "first lines of keys": "-----BEGIN PRIVATE KEY-----\n",
    "last lines of keys": "-----END PRIVATE KEY-----\n",
    "bodies of keys": "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJz\n",
    "cut off keys": "-----BEGIN RSA PRIVATE KEY-----\nQUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVph\n",
    "web tokens": "eyJhbGciOiJIUzI1NiJ9.",
    "bearers": "Bearer abcdefghijkl1 ",
    "secrets of kubernetes": "kind: Secret\ndata:\n  a: YWJjZA==\n",
    "pairs": "name: API_KEY value: ",
    "flags": "--password --token abc ",
    "mysql": "mysql -p ",
    "pipes": "echo a | sudo ",
    "prose": "the password is ",
    "prose told": "password is hunter2 for ",
    "credentials": "credentials: admin / a1b2c3 ",
    "seed words": "seed abandon ability able about ",
    "tables": "| password | abc123 ",
    "elements": "<password>",
    "colours": "\x1b[36mpassword\x1b[0m=",
    "pgpass": "*:*:*:*:",
    "hashes": "$1$aaaaaaaaaaaaaaaa",
    "web keys": '"kty" "d":"aaaaaaaaaaaaaaaaaaaa"',
    "aws": "AKIAABCDEFGHIJKLMNOP ",
    "cookies": "Cookie: a=b; ",
    "headers": "Authorization: Bearer ",
    "telling base64": "cGFzc3dvcmQ",
    "base64 of credentials": "cGFzc3dvcmQ6aHVudGVyMg",
    "anchors": "AZDOabcdJQQJ99aaaaaaaaaaaaaaaaaaaa",
    "brackets": "password=(",
    "placeholders": "password=[REDACTED:token:12345678]",
    "variables": "ENV API_KEY config set password ",
    "cells": "<td>password</td><td>",
    "wide characters": "pässword=é1",
    "dots": "MAAAAAAAAAAAAAAAAAAAAAAA.",
}


def repeated(seed: str, size: int) -> str:
    """Return `seed` as often as `size` characters need."""
    return (seed * (size // len(seed) + 1))[:size]
