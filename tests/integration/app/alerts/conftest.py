from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session, sessionmaker

from app.alerts.delivery_plan import PLAN, DeliveryPlan


@pytest.fixture
def plan_session(db_session: Session) -> Callable[..., Session]:
    """Gives the session of the test a plan, by default one of both channels."""

    def make(*channels: str, **more: Any) -> Session:
        db_session.info[PLAN] = DeliveryPlan(channels or ("mail", "webhook"), **more)
        return db_session

    return make


@pytest.fixture
def planned(sessions: sessionmaker[Session]) -> sessionmaker[Session]:
    """Sessions with a plan that commit for real."""
    sessions.configure(info={PLAN: DeliveryPlan(("mail", "webhook"))})
    return sessions
