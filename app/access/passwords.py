"""Passwords as argon2id hashes, with a limit on how many are looked at at once."""

import secrets
from functools import cache
from threading import BoundedSemaphore
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.errors import Rejected

SHORTEST: Final = 12
LONGEST: Final = 1024
# 19 MiB, two passes: the least that OWASP's password storage cheat sheet names for argon2id. A login takes some 30 ms.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_CHECKS: Final = BoundedSemaphore(2)


def hash_password(password: str) -> str:
    """The hash of a password, with the salt and the costs in it; Rejected when it is shorter than 12 letters."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Rejected(f"a password has {SHORTEST} to {LONGEST} letters: --generate makes a good one")
    return _HASHER.hash(password)


def check_password(kept: str | None, password: str) -> bool:
    """Whether this is the password of a hash; it takes as long where there is none (None)."""
    with _CHECKS:
        try:
            return _HASHER.verify(kept or _nobody(), password[:LONGEST]) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(kept: str) -> bool:
    """Whether a hash was made with other costs than those of today."""
    return _HASHER.check_needs_rehash(kept)


def generate_password() -> str:
    """A password of 144 random bits."""
    return secrets.token_urlsafe(18)


@cache
def _nobody() -> str:
    return _HASHER.hash(secrets.token_urlsafe(18))
