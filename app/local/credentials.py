"""The key of the admin's own sessions: a private file of the state directory."""

import contextlib
import os
import secrets
from pathlib import Path
from typing import Final

from app.errors import Conflict
from app.local.state import StateDirectory, write_private

KEY_FILE: Final = "session.key"
_KEY_BYTES: Final = 32


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
