"""What the units of deploy/systemd say, with what drop-ins add to them."""

import configparser
import shlex
from pathlib import Path

from tests.tree import ROOT

UNITS = ROOT / "deploy" / "systemd"
ENTRY_POINT = ["/bin/sh", "/opt/thor/docker/entrypoint.sh"]
Section = dict[str, list[str]]


class _Words(dict[str, str]):
    """Takes a key that is there again as one more line of it."""

    def __setitem__(self, key: str, value: object) -> None:
        if isinstance(value, list) and key in self:
            self[key].extend(value)  # type: ignore[attr-defined]
        else:
            super().__setitem__(key, value)  # type: ignore[assignment]


def unit(name: str, instance: str = "") -> dict[str, Section]:
    """A unit's sections, each with the values of its keys, in order; `instance` is filled in where %i stands."""
    template = name.replace("@.", f"@{instance}.")
    files = [UNITS / name, *sorted((UNITS / f"{template}.d").glob("*.conf"))]
    found: dict[str, Section] = {}
    for file in files:
        for section, told in _read(file, instance).items():
            for key, values in told.items():
                found.setdefault(section, {}).setdefault(key, []).extend(values)
    return found


def command(told: dict[str, Section], variables: dict[str, str]) -> list[str]:
    """The words that a unit runs behind the entry point."""
    [line] = told["Service"]["ExecStart"]
    words = [variables.get(word.strip("${}"), word) for word in shlex.split(line.replace("%%", "%"))]
    return words[2:] if words[:2] == ENTRY_POINT else words


def environment(told: dict[str, Section]) -> dict[str, str]:
    """The variables that a unit sets."""
    return dict(word.split("=", 1) for line in told["Service"]["Environment"] for word in shlex.split(line))


def _read(file: Path, instance: str) -> dict[str, Section]:
    text = file.read_text().replace("\\\n", " ").replace("%i", instance)
    parser = configparser.RawConfigParser(strict=False, dict_type=_Words, delimiters=("=",))  # type: ignore[arg-type]
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return {name: {key: value.splitlines() for key, value in parser[name].items()} for name in parser.sections()}
