"""Unique dummy secrets to plant in a session and to search for where they must not be."""

from __future__ import annotations

import base64
import random
import re
import string
from dataclasses import dataclass, field

_ALNUM = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"
_FIELD_CANARY = re.compile(rb"ghp_[A-Za-z0-9]{36}|dop_v1_[0-9a-f]{64}")
_NAMES = ("STRIPE_KEY", "DB_PASSWORD", "API_TOKEN", "AUTH_SECRET", "SMTP_PASSWORD")


@dataclass
class Canaries:
    """Generates secrets and records each; `seed` makes a run repeatable."""

    seed: int
    planted: list[str] = field(default_factory=list)
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        """Seed the generator."""
        self._random = random.Random(self.seed)  # noqa: S311 - repeatable, not secret

    def _draw(self, alphabet: str, length: int) -> str:
        return "".join(self._random.choice(alphabet) for _ in range(length))

    def _plant(self, secret: str) -> str:
        self.planted.append(secret)
        return secret

    def token(self) -> str:
        """Return a vendor's token that is valid in file names, branch names and shells."""
        shapes = (
            lambda: "ghp_" + self._draw(_ALNUM, 36),
            lambda: "glpat-" + self._draw(_ALNUM, 20),
            lambda: "sk_live_" + self._draw(_ALNUM, 24),
            lambda: "npm_" + self._draw(_ALNUM, 36),
            lambda: "AKIA" + self._draw(string.ascii_uppercase + "234567", 16),
            lambda: "xoxb-" + self._draw(string.digits, 12) + "-" + self._draw(_ALNUM, 24),
            lambda: "sk-ant-api03-" + self._draw(_ALNUM, 93) + "AA",
            lambda: "AIza" + self._draw(_ALNUM, 35),
            lambda: "dop_v1_" + self._draw(_HEX, 64),
            lambda: "osk_" + self._draw(_ALNUM, 32),
        )
        return self._plant(self._random.choice(shapes)())

    def github_token(self) -> str:
        """Return a token of GitHub's form, of letters and digits."""
        return self._plant("ghp_" + self._draw(_ALNUM, 36))

    def hex_token(self) -> str:
        """Return a token whose letters and digits are hexadecimal, as those of many ids."""
        return self._plant("dop_v1_" + self._draw(_HEX, 64))

    @staticmethod
    def find_all(data: bytes) -> set[str]:
        """Return everything of the form of `github_token` and `hex_token`, at once: fast."""
        return {match.decode() for match in _FIELD_CANARY.findall(data)}

    def password(self) -> str:
        """Return a password without special characters of shells and URLs."""
        letters, digits = self._draw(string.ascii_letters, 6), self._draw(string.digits, 3)
        return self._plant(f"{letters}{digits}x{self._draw(_ALNUM, 8)}")

    def phrase(self) -> str:
        """Return a password of words and spaces, known only by the file that it was read from."""
        words = [self._draw(string.ascii_lowercase, 5) for _ in range(3)]
        return self._plant(" ".join(words))

    def assignment(self) -> str:
        """Return `NAME=secret`, as an environment dump shows it."""
        return f"{self._random.choice(_NAMES)}={self.password()}"

    def url(self) -> str:
        """Return a database's address with a password in it."""
        return f"postgres://app:{self.password()}@db.internal:5432/app"

    def header(self) -> str:
        """Return an `Authorization` header."""
        return f"Authorization: Bearer {self._plant(self._draw(_ALNUM, 40))}"

    def jwt(self) -> str:
        """Return a JSON web token."""
        head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip("=")
        body = (
            base64.urlsafe_b64encode(b'{"sub":"%s"}' % self._draw(_ALNUM, 20).encode())
            .decode()
            .rstrip("=")
        )
        return self._plant(f"{head}.{body}.{self._draw(_ALNUM + '-_', 42)}0")

    def mixed(self, count: int) -> str:
        """Return `count` secrets of all kinds, one per line."""
        kinds = (self.token, self.assignment, self.url, self.header, self.jwt)
        return "\n".join(kinds[at % len(kinds)]() for at in range(count))
