"""Whether a password of a server could be guessed."""

from typing import Final

SHORTEST: Final = 16
FEWEST_LETTERS: Final = 6
# What stands in examples and defaults, in part or as a whole.
_GUESSED: Final = (
    "password", "passwort", "postgres", "redis", "thor", "secret", "admin", "changeme", "change-me", "letmein",
    "qwerty", "123456", "default", "example", "flower",
)  # fmt: skip


def is_weak(password: str) -> bool:
    """Whether a password is short, known, or made of few different letters."""
    plain = password.lower()
    guessed = any(word in plain and len(plain) - len(word) < SHORTEST for word in _GUESSED)
    return len(password) < SHORTEST or len(set(password)) < FEWEST_LETTERS or guessed
