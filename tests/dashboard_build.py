"""Whether the dashboard's built files are those of its source, told without Node."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from tests.tree import ROOT, repository_files

WEB, STATIC, RECORD = "app/dashboard/web", "app/dashboard/static", "built.json"
# What the build reads, relative to WEB.
SOURCES = ("index.html", "vite.config.ts", "package.json", "package-lock.json", "tsconfig*.json")
SOURCE_FOLDERS = ("src", "public")
# Of `src` no build holds these.
TESTS, TEST_FOLDER = (".test.ts", ".test.tsx"), "src/testing/"
SHOWN = 10


def build_problems(root: Path = ROOT) -> list[str]:
    """What of the built files is not as the record of the build, `built.json`, has it; empty when all is.

    The record must be of the source as it is now, and of exactly the files that are there.
    """
    files = [path.as_posix() for path in repository_files(root)]
    sources, built = under(f"{WEB}/", files), under(f"{STATIC}/", files)
    if RECORD not in built:
        return [f"{STATIC}/{RECORD} is missing"]
    record = read_record((root / STATIC / RECORD).read_bytes())
    if record is None:
        return [f"{STATIC}/{RECORD} is no record of a build"]
    problems = []
    if record["source_sha256"] != hash_sources(root / WEB, filter(is_source, sources)):
        problems.append(f"{WEB} is not what {STATIC} was built from")
    found = {name: digest((root / STATIC / name).read_bytes()) for name in built if name != RECORD}
    return problems + differences(record["files"], found)


def hash_sources(folder: Path, names: Iterable[str]) -> str:
    """SHA-256 over the files in code-point order of their names: name, NUL, size in decimal, NUL, bytes of each."""
    whole = hashlib.sha256()
    for name in sorted(names):
        content = (folder / name).read_bytes()
        whole.update(name.encode() + b"\0" + str(len(content)).encode() + b"\0" + content)
    return whole.hexdigest()


def is_source(name: str) -> bool:
    """Whether the build reads this file, named relative to WEB; `scripts/record.mjs` tells it in the same way."""
    path = PurePosixPath(name)
    if name.startswith(TEST_FOLDER) or (name.startswith("src/") and name.endswith(TESTS)):
        return False
    if len(path.parts) > 1:
        return path.parts[0] in SOURCE_FOLDERS
    return any(path.match(pattern) for pattern in SOURCES)


def read_record(content: bytes) -> dict[str, Any] | None:
    """The record of a build; None when it is none."""
    try:
        record = json.loads(content)
    except ValueError:
        return None
    is_record = isinstance(record, dict) and isinstance(record.get("files"), dict)
    return record if is_record and isinstance(record.get("source_sha256"), str) else None


def differences(recorded: Mapping[str, object], found: Mapping[str, str]) -> list[str]:
    """How the files that are there differ from those of the record."""
    told = dict.fromkeys(recorded.keys() - found.keys(), "is missing")
    told |= dict.fromkeys(found.keys() - recorded.keys(), "is not of the build")
    told |= {name: "is not as it was built" for name in found.keys() & recorded.keys() if found[name] != recorded[name]}
    shown = [f"{STATIC}/{name} {what}" for name, what in sorted(told.items())]
    return [*shown[:SHOWN], f"and {len(shown) - SHOWN} more"] if len(shown) > SHOWN else shown


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def under(prefix: str, names: Iterable[str]) -> list[str]:
    """The names below a folder, relative to it."""
    return [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
