import importlib
import pkgutil

import tests.nulls
from tests.nulls.running import all_checks


def test_no_check_hides_another_of_the_same_name():
    names = [found.name for found in pkgutil.iter_modules(tests.nulls.__path__) if not found.name.startswith("_")]
    modules = [importlib.import_module(f"tests.nulls.{name}") for name in names if not name.startswith("test_")]

    assert len(all_checks()) == sum(len(getattr(module, "CHECKS", ())) for module in modules)
