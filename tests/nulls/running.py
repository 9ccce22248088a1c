"""Which checks there are, and a run of one: in a module of its own, which a process of a pool can import."""

import importlib
import pkgutil
import time

import tests.nulls
from tests.nulls.check import NullCheck, Observed


def all_checks() -> dict[str, NullCheck]:
    """The checks of all modules of this package, by name, in the order of their numbers."""
    names = (found.name for found in pkgutil.iter_modules(tests.nulls.__path__) if not found.name.startswith("test_"))
    modules = (importlib.import_module(f"tests.nulls.{name}") for name in names if name != "__main__")
    found = [check for module in modules for check in getattr(module, "CHECKS", ())]
    return {check.name: check for check in sorted(found, key=lambda check: _order(check.name))}


def run_check(name: str, size: str) -> tuple[Observed, float]:
    """What one check shows in its `full` or `quick` size, and the seconds that it took."""
    check, began = all_checks()[name], time.monotonic()
    return check.run(getattr(check, size)), time.monotonic() - began


def _order(name: str) -> tuple[int, str]:
    digits = "".join(letter for letter in name if letter.isdigit())
    return int(digits or 0), name
