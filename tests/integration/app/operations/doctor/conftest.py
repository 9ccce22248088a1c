from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.factory import create_app
from app.operations.doctor.installation import Installation
from app.runtime import EXTENSION, Runtime
from app.settings import load_settings
from tests.fakes import RecordingDispatch
from tests.tree import ROOT

UNTOLD = "pa55word"
AWAY = {
    "redis_url": f"redis://:{UNTOLD}@127.0.0.1:1/0",
    "database_url": "".join(["postgresql://u:", UNTOLD, "@127.0.0.1:1/d"]),
}


@pytest.fixture
def installation(tmp_path: Path) -> Callable[..., Installation]:
    """Makes installations on the stores that it is given."""

    def make(stores: Runtime, **given: Any) -> Installation:
        state = tmp_path / "var"
        places = {"dashboard": tmp_path / "index.html", "state_dir": state, "lake_dir": state / "data"}
        return Installation(stores=stores, project=ROOT, **{**places, "spool_dir": state / "spool", **given})

    return make


@pytest.fixture
def away(tmp_path: Path) -> Runtime:
    """The runtime of a Thor whose settings name servers that are away."""
    return _runtime(state_dir=tmp_path / "away", **AWAY)


@pytest.fixture
def unset(tmp_path: Path) -> Runtime:
    """The runtime of a Thor with servers of its own that do not run."""
    return _runtime(state_dir=tmp_path / "unset")


def _runtime(**given: Any) -> Runtime:
    made: Runtime = create_app(load_settings(_env_file=None, **given), RecordingDispatch()).extensions[EXTENSION]
    return made
