"""What docker-compose.yml says, with each command as a list of words."""

import shlex
from typing import Any

import yaml

from tests.tree import ROOT


def document() -> dict[str, Any]:
    """The whole file."""
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def services() -> dict[str, dict[str, Any]]:
    """The services by name; a command written as text is split like a shell would."""
    found = document()["services"]
    for service in found.values():
        if isinstance(service.get("command"), str):
            service["command"] = shlex.split(service["command"])
    return found


def option(words: list[str], name: str) -> str:
    """The word after the option."""
    return words[words.index(name) + 1]
