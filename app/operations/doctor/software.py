"""Python, the packages, the data of time zones, and the dashboard's files."""

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from app.operations.doctor.findings import Finding
from app.operations.doctor.installation import Installation

LEAST_PYTHON: Final = (3, 11)
PINS: Final = "requirements.txt"
SHOWN: Final = 5


def look_at_software(installation: Installation) -> Iterator[Finding]:
    """Whether what Thor is made of is there, in the versions that it is tested with."""
    markets = installation.stores.markets
    yield check_python(tuple(sys.version_info[:3]))
    yield check_packages(installation.project / PINS)
    yield check_time_zones(sorted({markets.named(name).timezone.key for name in markets.names}))
    yield check_dashboard(installation.dashboard)


def check_python(found: tuple[int, ...]) -> Finding:
    """Python is 3.11 or newer."""
    told = ".".join(map(str, found))
    if found < LEAST_PYTHON:
        return Finding(
            "python", "wrong", f"Python {told} is too old", "install Python 3.11 or newer, then `make setup`"
        )
    return Finding("python", "ok", f"Python {told}")


def check_packages(pins: Path, installed: Callable[[str], str] = version) -> Finding:
    """The packages are there in the pinned versions: another patch is a warning, another major is wrong."""
    fix = f"{sys.executable} -m pip install -r {pins}"
    try:
        pinned = [found for line in pins.read_text(encoding="utf-8").splitlines() if (found := _pin(line))]
    except OSError as error:
        return Finding("packages", "unknown", f"{pins.name} cannot be read: {error.strerror}")
    if not pinned:
        return Finding("packages", "unknown", f"{pins.name} pins nothing", "`git checkout requirements.txt`")
    missing: list[str] = []
    foreign: list[str] = []
    other: list[str] = []
    for name, wanted in pinned:
        try:
            there = installed(name)
        except PackageNotFoundError:
            missing.append(name)
            continue
        if there != wanted:
            (other if _major(there) == _major(wanted) else foreign).append(f"{name} {there} instead of {wanted}")
    if missing or foreign:
        return Finding("packages", "wrong", _listed({"missing": missing, "of another major version": foreign}), fix)
    if other:
        return Finding("packages", "warning", _listed({"of another version than tested": other}), fix)
    return Finding("packages", "ok", f"{len(pinned)} packages as pinned")


def check_time_zones(names: list[str]) -> Finding:
    """The zones of the markets are known: without them no trading day is."""
    unknown = []
    for name in names:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            unknown.append(name)
    if unknown:
        told = f"there are no data of the time zones {', '.join(unknown)}"
        return Finding(
            "time_zones", "wrong", told, f"{sys.executable} -m pip install tzdata, or install it as a package"
        )
    return Finding("time_zones", "ok", f"{', '.join(names)} known")


def check_dashboard(page: Path) -> Finding:
    """The dashboard's page was built."""
    if page.is_file():
        return Finding("dashboard", "ok", "built")
    return Finding("dashboard", "warning", "the dashboard is not built", "`make dashboard`, with Node 20 and npm")


def _pin(line: str) -> tuple[str, str] | None:
    try:
        found = Requirement(line.removesuffix("\\"))  # The lines after it have the hashes.
    except InvalidRequirement:  # A comment, an option or nothing.
        return None
    exact = [one.version for one in found.specifier if one.operator == "=="]
    applies = found.marker is None or found.marker.evaluate()
    return (found.name, exact[0]) if exact and applies else None


def _major(text: str) -> int:
    try:
        return Version(text).major
    except InvalidVersion:
        return -1


def _listed(groups: dict[str, list[str]]) -> str:
    return "; ".join(
        f"{what}: {', '.join(names[:SHOWN])}{f' and {len(names) - SHOWN} more' if len(names) > SHOWN else ''}"
        for what, names in groups.items()
        if names
    )
