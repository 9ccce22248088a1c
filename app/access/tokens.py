"""Secrets that open something: how they are made, read, and kept as hashes only.

256 random bits need no slow hash: nobody guesses them, so SHA-256 is enough to make a stolen table worthless.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Final

SECRET_BYTES: Final = 32
_ID_BYTES: Final = 6
_PATTERN: Final = re.compile(r"thor_(key|login|link|ticket)_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True)
class Token:
    """A secret with its public name: `text` is shown once, `digest` (64 hex digits) is what is kept."""

    kind: str
    id: str
    text: str = field(repr=False)
    digest: str = field(repr=False)


def make_token(kind: str) -> Token:
    """A new secret of 256 random bits; `kind` is key, login, link or ticket."""
    name, secret = secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(SECRET_BYTES)
    return Token(kind, name, f"thor_{kind}_{name}_{secret}", _digest(secret))


def read_token(text: str, kind: str) -> Token | None:
    """The secret that a text is, None when it is none of this kind."""
    found = _PATTERN.fullmatch(text)
    if found is None or found[1] != kind:
        return None
    return Token(kind, found[2], text, _digest(found[3]))


def is_same(token: Token, digest: str) -> bool:
    """Whether a secret is the one whose digest was kept; it takes the same time whether or not."""
    return compare_digest(token.digest, digest)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("ascii")).hexdigest()
