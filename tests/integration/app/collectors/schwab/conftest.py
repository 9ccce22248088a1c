import pytest

from tests.schwab.standin import StandIn
from tests.schwab_feeds import plan_of


@pytest.fixture
def schwab():
    with StandIn(heartbeat_s=0.3) as standing:
        yield standing


@pytest.fixture
def plan(schwab, tmp_path):
    return plan_of(schwab, tmp_path)
