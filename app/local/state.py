"""The state directory: secrets, ports, and what runs, as small JSON files that only their owner can read."""

import json
import os
import secrets
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from pathlib import Path

from app.errors import Conflict
from app.local.lock import holder, own_directory
from app.local.ports import claim_port

SECRETS, PORTS, SERVERS, PROCESSES = "secrets.json", "ports.json", "servers.json", "processes.json"
_SECRET_BYTES = 24


@dataclass(frozen=True)
class EmbeddedServers:
    """Addresses of the running embedded servers, passwords included; None for a server which is not embedded."""

    database_url: str | None = field(repr=False)
    redis_url: str | None = field(repr=False)


class StateDirectory:
    """A directory of mode 0700 whose files are written whole or not at all, with mode 0600."""

    def __init__(self, path: Path) -> None:
        """Create the directory where it is missing; Conflict when it belongs to another user."""
        self.path = path.absolute()
        own_directory(self.path)

    def secret(self, name: str) -> str:
        """The secret of this name, URL-safe; made at the first call and the same ever after."""
        known = self._texts(SECRETS)
        if name not in known:
            known[name] = secrets.token_urlsafe(_SECRET_BYTES)
            self.write(SECRETS, known)
        return known[name]

    def port(self, name: str, preferred: int | None = None, avoid: Collection[int] = ()) -> int:
        """A free port for this name: the preferred one, else the one it had before, else a random one; remembered.

        No other Thor on this machine gets it for as long as this process lives.
        """
        known = {key: _port(value) for key, value in self._texts(PORTS).items()}
        port = claim_port([preferred, known.get(name)], avoid)
        if port != known.get(name):
            self.write(PORTS, {**known, name: port})
        return port

    def write(self, name: str, value: object) -> None:
        """Replace a JSON file in one step; after a crash the old or the new content is there, whole."""
        write_private(self.path / name, json.dumps(value, indent=2) + "\n")

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        (self.path / name).unlink(missing_ok=True)

    def _texts(self, name: str) -> dict[str, str]:
        value = read_json(self.path / name)
        if not isinstance(value, dict | None):
            raise Conflict(f"cannot read {self.path / name}: it is not a JSON object; stop Thor and remove that file")
        return {str(key): str(text) for key, text in (value or {}).items()}


def _port(text: str) -> int | None:
    return int(text) if text.isdecimal() else None


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 whole: a reader sees the old or the new text, never a part."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def read_json(path: Path) -> object:
    """The value of a JSON file; None when there is no such file, Conflict when it cannot be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise Conflict(f"cannot read {path}: {error}; stop Thor, mend or remove that file, and start again") from None


def write_servers(state: StateDirectory, servers: EmbeddedServers) -> None:
    """Let other processes find the embedded servers which now run."""
    state.write(SERVERS, asdict(servers))


def read_servers(state_dir: Path) -> EmbeddedServers | None:
    """The embedded servers that run on this state directory; None when nobody runs any there."""
    value = read_json(state_dir / SERVERS) if holder(state_dir) is not None else None
    if not isinstance(value, dict):
        return None
    return EmbeddedServers(database_url=value.get("database_url"), redis_url=value.get("redis_url"))
