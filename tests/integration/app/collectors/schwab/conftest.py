from collections.abc import Iterator
from pathlib import Path

import pytest

from app.collectors.schwab.plan import SchwabPlan
from app.collectors.schwab.token_file import TokenFile
from app.collectors.schwab.tokens import Login
from tests.schwab.standin import StandIn
from tests.schwab_logins import ShiftedClock, plan_at


@pytest.fixture
def standin() -> Iterator[StandIn]:
    """Schwab, all well."""
    with StandIn() as running:
        yield running


@pytest.fixture
def plan(standin: StandIn, tmp_path: Path) -> SchwabPlan:
    """An application of the stand-in's, not logged in."""
    return plan_at(standin, tmp_path)


@pytest.fixture
def file(plan: SchwabPlan) -> TokenFile:
    """Where its login is kept."""
    return TokenFile(plan.token_file)


@pytest.fixture
def kept(standin: StandIn, file: TokenFile) -> Login:
    """A login of an hour ago, whose access token has run out."""
    login = Login.model_validate(standin.token(age_s=3600))
    with file.held():
        file.write(login)
    return login


@pytest.fixture
def clock() -> ShiftedClock:
    """A clock that can be put wrong."""
    return ShiftedClock()
