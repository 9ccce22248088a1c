"""The admin's password, as a hash, and the key of its sessions: private files of the state directory."""

import contextlib
import hashlib
import os
import secrets
from pathlib import Path
from typing import Final

from werkzeug.security import check_password_hash, generate_password_hash

from app.errors import Conflict, Rejected
from app.local.state import StateDirectory, read_json, write_private

HASH_FILE: Final = "admin-password.json"
KEY_FILE: Final = "session.key"
SHORTEST: Final = 12
LONGEST: Final = 1024
_KEY_BYTES: Final = 32
# Scrypt of a text that nobody types; it takes as long to check as a real one.
_NOBODY: Final = "scrypt:32768:8:1$6cRgWqvZ1xYtBn0P$" + "0" * 128


class AdminPassword:
    """The password of the one account, in `admin-password.json` of the state directory, mode 0600."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir
        self.path = state_dir / HASH_FILE

    def set(self, password: str) -> None:
        """Have this password from now on, and end all sessions; Rejected when it is shorter than 12 letters."""
        if not SHORTEST <= len(password) <= LONGEST:
            raise Rejected(f"a password has {SHORTEST} to {LONGEST} letters: --generate makes a good one")
        StateDirectory(self._state_dir).write(HASH_FILE, {"scrypt": generate_password_hash(password)})

    def generate(self) -> str:
        """Set a random password and return it; it is kept nowhere else."""
        made = secrets.token_urlsafe(18)
        self.set(made)
        return made

    def is_set(self) -> bool:
        """Whether there is a password at all."""
        return self._hash() is not None

    def check(self, password: str) -> bool:
        """Whether this is the password; it takes the same time whether or not there is one."""
        known = self._hash()
        matches = check_password_hash(known or _NOBODY, password[:LONGEST])
        return matches and known is not None

    def mark(self) -> str:
        """A short text that changes with the password, empty without one; it tells nothing of it."""
        known = self._hash()
        return hashlib.sha256(known.encode()).hexdigest()[:16] if known else ""

    def _hash(self) -> str | None:
        told = read_json(self.path)
        if told is None:
            return None
        found = told.get("scrypt") if isinstance(told, dict) else None
        if not isinstance(found, str) or not found.startswith("scrypt:"):
            raise Conflict(f"{self.path} is damaged: set the password anew with `flask admin-password`")
        return found


def session_key(state_dir: Path) -> bytes:
    """The key of sessions: random, of mode 0600, made at the first call, and the same for all processes ever after."""
    path = StateDirectory(state_dir).path / KEY_FILE
    if not path.exists():
        _make_key(path)
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise Conflict(f"{path} is damaged: remove it, and everybody logs in anew")
    return key


def _make_key(path: Path) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    write_private(draft, secrets.token_hex(_KEY_BYTES))
    # Of several who make one at once the first wins, and all of them use his.
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
