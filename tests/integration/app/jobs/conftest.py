from dataclasses import replace

import pytest

from app.lake.layout import Lake
from tests.analyses import NOW
from tests.fakes import FixedClock
from tests.hours import MARKETS


@pytest.fixture
def clock():
    return FixedClock(NOW)


@pytest.fixture
def stores(rt, tmp_path):
    return replace(rt, lake=Lake(tmp_path / "lake"), markets=MARKETS)
