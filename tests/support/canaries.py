"""Made-up secrets, each of its own, to plant in a session and look for where they must not be."""

from __future__ import annotations

import base64
import random
import string
from dataclasses import dataclass, field

_ALNUM = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"
_NAMES = ("STRIPE_KEY", "DB_PASSWORD", "API_TOKEN", "AUTH_SECRET", "SMTP_PASSWORD")


@dataclass
class Canaries:
    """Draws secrets and remembers each; `seed` makes a run repeatable."""

    seed: int
    planted: list[str] = field(default_factory=list)
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        """Start the generator."""
        self._random = random.Random(self.seed)  # noqa: S311 - repeatable, and secret to nobody

    def _drawn(self, alphabet: str, length: int) -> str:
        return "".join(self._random.choice(alphabet) for _ in range(length))

    def _kept(self, secret: str) -> str:
        self.planted.append(secret)
        return secret

    def token(self) -> str:
        """Return a vendor's token, safe in file names, branches and shells."""
        shapes = (
            lambda: "ghp_" + self._drawn(_ALNUM, 36),
            lambda: "glpat-" + self._drawn(_ALNUM, 20),
            lambda: "sk_live_" + self._drawn(_ALNUM, 24),
            lambda: "npm_" + self._drawn(_ALNUM, 36),
            lambda: "AKIA" + self._drawn(string.ascii_uppercase + "234567", 16),
            lambda: "xoxb-" + self._drawn(string.digits, 12) + "-" + self._drawn(_ALNUM, 24),
            lambda: "sk-ant-api03-" + self._drawn(_ALNUM, 93) + "AA",
            lambda: "AIza" + self._drawn(_ALNUM, 35),
            lambda: "dop_v1_" + self._drawn(_HEX, 64),
            lambda: "osk_" + self._drawn(_ALNUM, 32),
        )
        return self._kept(self._random.choice(shapes)())

    def password(self) -> str:
        """Return a password, without what a shell or a URL would read otherwise."""
        letters, digits = self._drawn(string.ascii_letters, 6), self._drawn(string.digits, 3)
        return self._kept(f"{letters}{digits}x{self._drawn(_ALNUM, 8)}")

    def phrase(self) -> str:
        """Return a password of words and blanks, which is known only by where it was read."""
        words = [self._drawn(string.ascii_lowercase, 5) for _ in range(3)]
        return self._kept(" ".join(words))

    def assignment(self) -> str:
        """Return `NAME=secret`, as an environment dump shows it."""
        return f"{self._random.choice(_NAMES)}={self.password()}"

    def url(self) -> str:
        """Return a database's address with a password in it."""
        return f"postgres://app:{self.password()}@db.internal:5432/app"

    def header(self) -> str:
        """Return an `Authorization` header."""
        return f"Authorization: Bearer {self._kept(self._drawn(_ALNUM, 40))}"

    def jwt(self) -> str:
        """Return a JSON web token."""
        head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip("=")
        body = (
            base64.urlsafe_b64encode(b'{"sub":"%s"}' % self._drawn(_ALNUM, 20).encode())
            .decode()
            .rstrip("=")
        )
        return self._kept(f"{head}.{body}.{self._drawn(_ALNUM + '-_', 42)}0")

    def some(self, count: int) -> str:
        """Return `count` secrets of all kinds, a line each."""
        kinds = (self.token, self.assignment, self.url, self.header, self.jwt)
        return "\n".join(kinds[at % len(kinds)]() for at in range(count))
