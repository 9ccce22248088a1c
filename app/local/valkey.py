"""An embedded Valkey: its configuration file, its command line and whether it answers."""

from collections.abc import Mapping
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.errors import Conflict
from app.local.binaries import find_valkey
from app.local.ports import LOOPBACK
from app.local.state import write_private

# Buffers for what has waited while somebody stood still go back to the machine: glibc would learn from their sizes to
# take them from the heap, where what is small and stays lies among them.
_HEAP = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "131072"}
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", **_HEAP}
_TIMEOUT_S = 2
_ONCE = Retry(NoBackoff(), 0)

SETTINGS: Mapping[str, str] = {
    "bind": LOOPBACK,
    "protected-mode": "yes",
    "daemonize": "no",
    "databases": "16",
    "appendonly": "yes",
    "appendfsync": "everysec",
    # A kill can cut the last record in two: load what is whole.
    "aof-load-truncated": "yes",
    # Read entries are noted in the file, too, so that it grows fast: 256 MB are still loaded within seconds.
    "auto-aof-rewrite-min-size": "256mb",
    "save": "",
    # The stream is the record of what was collected: refuse writes rather than forget quotes.
    "maxmemory-policy": "noeviction",
    "logfile": "",
    "loglevel": "notice",
    "always-show-logo": "no",
}


class EmbeddedValkey:
    """A Valkey server on 127.0.0.1 that needs a password and keeps its data in `<state>/valkey`."""

    def __init__(
        self,
        state_dir: Path,
        port: int,
        password: str,
        *,
        program: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """Describe a server; nothing is looked up or written until `prepare`. `settings` add to the default ones."""
        self.home = state_dir.absolute() / "valkey"
        self.configuration = self.home / "valkey.conf"
        self.port = port
        self._password = password
        self._explicit_program = program
        self._settings = {**SETTINGS, **(settings or {})}
        self._program: Path | None = None

    @property
    def url(self) -> str:
        """The address of database 0, with the password."""
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    def prepare(self) -> None:
        """Write the configuration (mode 0600); Conflict when no server program is found. Call it before every start."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._program = self._program or find_valkey(self._explicit_program)
        values = {**self._settings, "port": str(self.port), "dir": str(self.home), "requirepass": self._password}
        write_private(self.configuration, "".join(f"{name} {_quoted(text)}\n" for name, text in values.items()))

    def command(self) -> list[str]:
        """The command that runs the server in the foreground; known after `prepare`, it holds no secret."""
        if self._program is None:
            raise Conflict("Valkey is not prepared: call prepare() first")
        return [str(self._program), str(self.configuration)]

    def is_ready(self) -> bool:
        """True when the server answers and has loaded its data; Conflict when the password is refused."""
        client = redis.Redis(
            host=LOOPBACK, port=self.port, password=self._password, socket_timeout=_TIMEOUT_S, retry=_ONCE
        )
        try:
            return bool(client.ping())
        except redis.AuthenticationError:
            raise Conflict(f"another server listens on {LOOPBACK}:{self.port}: stop it, or stop Thor") from None
        except (redis.ConnectionError, redis.TimeoutError):
            return False
        finally:
            client.close()


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
