from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.scenario import Outcome, Scale, Scenario, Trial
from tests.ingesting import drain, ingestor, publisher, running, stored, until_stored

__all__ = ["drain", "ingestor", "publisher", "running", "stored", "until_stored"]


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    """A quick trial of this test."""
    return Trial(Scale.QUICK, tmp_path)


@pytest.fixture
def play(trial: Trial) -> Callable[[Scenario], Outcome]:
    """Plays the quick form of a scenario."""
    return lambda scenario: scenario.run(trial)
