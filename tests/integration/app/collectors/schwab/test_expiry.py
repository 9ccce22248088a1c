from datetime import timedelta

import pytest

from app.bus import keys
from app.collectors.schwab.expiry import LoginTerm, record_login, recorded_login
from tests.factories import MOMENT

TERMS = [LoginTerm(MOMENT + timedelta(days=7)), LoginTerm(MOMENT - timedelta(days=1), is_known=False)]


@pytest.mark.parametrize("term", TERMS)
def test_what_is_recorded_is_read(bus, term):
    record_login(bus, term, MOMENT)

    assert recorded_login(bus) == term


def test_it_is_recorded_in_epoch_milliseconds(bus):
    record_login(bus, TERMS[0], MOMENT)

    checked_ms = int(MOMENT.timestamp() * 1000)
    expected = {"expires_ms": str(checked_ms + 7 * 86_400_000), "known": "1", "checked_ms": str(checked_ms)}
    assert bus.hgetall(keys.login("SCHWAB")) == expected


def test_nothing_is_known_before_something_is_recorded(bus):
    assert recorded_login(bus) is None
