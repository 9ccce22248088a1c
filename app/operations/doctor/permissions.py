"""Who can read and write what only Thor should: the state directory, secrets, logins, .env and the lake."""

import os
import stat
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from app.operations.doctor.findings import Finding
from app.operations.doctor.installation import Installation

OTHERS: Final = 0o077
READ: Final = 0o044
SHOWN: Final = 5
PRIVATE: Final = (
    "secrets.json",
    "servers.json",
    "ports.json",
    "admin-password.json",
    "session.key",
    "valkey/valkey.conf",
    "schwab/token.json",
    "schwab/token.json.previous",
)


def look_at_permissions(installation: Installation) -> Iterator[Finding]:
    """Whether others are kept out; on Windows the rights of the folder decide, and are not looked at."""
    if os.name != "posix":
        yield Finding("permissions", "unknown", "rights of files are not looked at on this system")
        return
    yield check_state(installation.state_dir, os.geteuid())
    yield check_private(_private_files(installation))
    yield check_environment(installation.project / ".env", installation.secret_settings)
    yield check_lake(installation.lake_dir)


def check_state(folder: Path, user: int) -> Finding:
    """The state directory is its owner's alone, who is the one that runs this."""
    try:
        told = folder.stat()
    except FileNotFoundError:
        return Finding("state_dir", "ok", f"{folder} is not there yet: the first start makes it")
    except OSError as error:
        return Finding("state_dir", "wrong", f"{folder}: {error.strerror}", "run as the user to whom it belongs")
    if told.st_uid != user:
        fix = "run as that user, or `chown -R` it to the one who runs Thor"
        return Finding("state_dir", "wrong", f"{folder} belongs to user {told.st_uid}, and you are {user}", fix)
    if told.st_mode & OTHERS:
        mode = stat.S_IMODE(told.st_mode)
        return Finding("state_dir", "wrong", f"{folder} is open to others (mode {mode:04o})", f"chmod 700 {folder}")
    return Finding("state_dir", "ok", f"{folder} is yours alone")


def check_private(files: Collection[Path]) -> Finding:
    """No file that holds a secret is open to others."""
    there = [path for path in files if path.is_file()]
    if opened := [str(path) for path in there if path.stat().st_mode & OTHERS]:
        told = f"open to others: {', '.join(opened)}"
        return Finding("secret_files", "wrong", told, f"chmod 600 {' '.join(opened)}, and make what they hold anew")
    return Finding("secret_files", "ok", f"{len(there)} files with secrets, readable by their owner only")


def check_environment(path: Path, secret_settings: Collection[str]) -> Finding:
    """A .env that holds secrets cannot be read by others; what it holds is not told."""
    if not path.is_file():
        return Finding("env_file", "ok", "there is no .env")
    if not path.stat().st_mode & READ:
        return Finding("env_file", "ok", ".env is not readable by others")
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        return Finding("env_file", "unknown", f".env cannot be read: {error.strerror}", "run as the user who runs Thor")
    held = sorted({name for line in lines if (name := _set_name(line)) in secret_settings})
    if held:
        return Finding("env_file", "wrong", f"others can read .env, which holds {', '.join(held)}", f"chmod 600 {path}")
    return Finding("env_file", "ok", "others can read .env, which holds no secret")


def check_lake(folder: Path) -> Finding:
    """Nobody else can write to the lake's folders."""
    places = [folder, folder / "ticks", folder / "bars"]
    if opened := [str(one) for one in places if one.is_dir() and one.stat().st_mode & stat.S_IWOTH]:
        told = f"anybody can write to {', '.join(opened[:SHOWN])}"
        return Finding("lake_dir", "wrong", told, f"chmod -R o-w {folder}, then `flask verify-lake`")
    return Finding("lake_dir", "ok", "others cannot write to the lake")


def _private_files(installation: Installation) -> list[Path]:
    found = [installation.state_dir / name for name in PRIVATE]
    if installation.schwab:
        kept = installation.schwab.token_file
        found += [kept, kept.with_name(f"{kept.name}.previous")]
    return list(dict.fromkeys(found))


def _set_name(line: str) -> str:
    name, equals, value = line.strip().removeprefix("export ").partition("=")
    return name.strip().upper() if equals and value.strip().strip("'\"") else ""
