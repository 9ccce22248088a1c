"""An embedded PostgreSQL: its data directory, its command line and whether it answers."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psycopg2

from app.errors import Conflict, Unavailable
from app.local.binaries import POSTGRES_MAJOR, find_postgres
from app.local.child import wrapped
from app.local.identity import FOR_ROOT, Identity, choose_identity, hand_over
from app.local.orphans import clear_stale_postmaster
from app.local.ports import LOOPBACK
from app.local.state import write_private

USER = DATABASE = "thor"
# The caller's PG* and LC_* variables must not reach the server.
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
_INITDB_TIMEOUT_S = 120
_CONNECT_TIMEOUT_S = 2

SETTINGS: Mapping[str, str] = {
    "listen_addresses": LOOPBACK,
    # A path of more than 107 bytes cannot hold a socket.
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "maintenance_work_mem": "128MB",
    "work_mem": "16MB",
    "max_wal_size": "2GB",
    "wal_compression": "pglz",
    "checkpoint_timeout": "10min",
    "synchronous_commit": "on",
    "random_page_cost": "1.1",
    # The wheel has no compiler library.
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_line_prefix": "",
    "log_checkpoints": "off",
}


class EmbeddedPostgres:
    """A PostgreSQL server on 127.0.0.1 whose data lie in `<state>/postgres/data`, with the user and database `thor`."""

    def __init__(
        self,
        state_dir: Path,
        port: int,
        password: str,
        *,
        bin_dir: Path | None = None,
        settings: Mapping[str, str] | None = None,
        identities: tuple[Identity, ...] = FOR_ROOT,
    ) -> None:
        """Describe a server; nothing is looked up or written until `prepare`. `settings` add to the default ones."""
        self.home = state_dir.absolute() / "postgres"
        self.data = self.home / "data"
        self.port = port
        self._password = password
        self._explicit_bin = bin_dir
        self._settings = {**SETTINGS, **(settings or {})}
        self._identities = identities
        self._has_database = False
        self._bin: Path | None = None
        self._identity: Identity | None = None

    @property
    def url(self) -> str:
        """The SQLAlchemy address of database `thor`, with the password."""
        return f"postgresql+psycopg2://{USER}:{self._password}@{LOOPBACK}:{self.port}/{DATABASE}"

    def prepare(self) -> None:
        """Make the data directory where there is none, and clear what a crash left there; then the server can start.

        Call it before every start, as the holder of the state directory. Conflict when no program fits, when the data
        are of another major version or when a leftover server does not end; Unavailable when initdb fails.
        """
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._bin is None or self._identity is None:
            self._bin = find_postgres(self._explicit_bin, self._data_major() or POSTGRES_MAJOR)
            self._identity = choose_identity(self._bin / "postgres", self.home, self._identities)
        if self._data_major() is None:
            self._initialise(self._bin, self._identity)
        clear_stale_postmaster(self.data)

    @property
    def prefix(self) -> tuple[str, ...]:
        """The command, known after `prepare`, that must stand before everything else because it changes the user."""
        return self._identity.prefix if self._identity else ()

    def command(self) -> list[str]:
        """The command that runs the server in the foreground; known after `prepare`, it holds no secret."""
        if self._bin is None:
            raise Conflict("PostgreSQL is not prepared: call prepare() first")
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self._bin / "postgres"), "-D", str(self.data), "-p", str(self.port), *options]

    def is_ready(self) -> bool:
        """True when database `thor` answers; it is made where it is missing. Conflict when the password is refused."""
        try:
            if not self._has_database:
                self._ensure_database()
            self._connect(DATABASE).close()
        except psycopg2.OperationalError as error:
            if "password authentication failed" in str(error):
                raise Conflict(
                    f"PostgreSQL in {self.data} refuses the password in secrets.json: put the old secrets.json back, "
                    "or move the data away"
                ) from None
            return False
        return True

    def _connect(self, database: str) -> "psycopg2.extensions.connection":
        return psycopg2.connect(
            host=LOOPBACK,
            port=self.port,
            user=USER,
            password=self._password,
            dbname=database,
            connect_timeout=_CONNECT_TIMEOUT_S,
        )

    def _ensure_database(self) -> None:
        with contextlib.closing(self._connect("postgres")) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
                if cursor.fetchone() is None:
                    cursor.execute(f"CREATE DATABASE {DATABASE}")
        self._has_database = True

    def _data_major(self) -> int | None:
        try:
            return int((self.data / "PG_VERSION").read_text(encoding="ascii"))
        except FileNotFoundError:
            return None

    def _initialise(self, bin_dir: Path, identity: Identity) -> None:
        draft = self.home / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        password_file = self.home / "password"
        password_file.unlink(missing_ok=True)
        write_private(password_file, self._password + "\n")
        if identity.prefix:
            os.chown(password_file, identity.owner, identity.owner)
        try:
            self._run_initdb(identity, [str(bin_dir / "initdb"), "-D", str(draft), "--pwfile", str(password_file)])
        finally:
            password_file.unlink(missing_ok=True)
        # Only a finished directory gets the name that counts.
        draft.rename(self.data)
        hand_over(self.home, identity)

    def _run_initdb(self, identity: Identity, command: list[str]) -> None:
        # The built-in provider sorts alike on every machine, and needs no locale of the operating system.
        command += ["-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        command += ["-U", USER, "-A", "scram-sha-256", "--data-checksums", "--no-instructions"]
        answer = subprocess.run(  # noqa: S603
            # Ended with us, so that it never writes beside the next one.
            [*identity.prefix, *wrapped(command, os.getpid(), signal.SIGKILL)],
            capture_output=True,
            text=True,
            timeout=_INITDB_TIMEOUT_S,
            env=ENVIRONMENT,
            check=False,
        )
        if answer.returncode != 0:
            raise Unavailable(f"initdb failed in {self.home}: {_reason(answer.stderr) or answer.returncode}")


def _reason(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    # After the error come lines about cleaning up.
    return next((line for line in lines if "error:" in line or "FATAL:" in line), lines[-1] if lines else "")
