from datetime import timedelta

import pytest

from app.bus import keys
from app.bus.hashes import write_hash
from app.collectors.schwab.expiry import LoginTerm, record_login
from app.operations.login_health import check_schwab_login
from tests.factories import MOMENT


def recorded(bus, hours, is_known=True, wanted="1"):
    write_hash(bus, keys.desired("SCHWAB"), {"wanted": wanted})
    record_login(bus, LoginTerm(MOMENT + timedelta(hours=hours), is_known), MOMENT)
    return check_schwab_login(bus, MOMENT)


@pytest.mark.parametrize(
    ("hours", "warns"), [(168, False), (49, False), (48, True), (24, True), (6, True), (0.1, True)]
)
def test_a_login_that_is_good_is_ok_and_its_end_is_warned_of(bus, hours, warns):
    check = recorded(bus, hours)

    assert (check.name, check.ok, check.figures["warns"]) == ("schwab_login", True, warns)
    assert ("flask schwab-login" in check.detail) is warns
    assert check.figures["hours_left"] == hours


@pytest.mark.parametrize(("wanted", "ok"), [("1", False), ("0", True)])
def test_a_login_that_is_over_matters_while_schwab_is_wanted(bus, wanted, ok):
    check = recorded(bus, -1, wanted=wanted)

    assert check.ok is ok
    assert "flask schwab-login" in check.detail


def test_a_login_of_unknown_age_is_ok_and_says_so(bus):
    check = recorded(bus, -1, is_known=False)

    assert check.ok
    assert "within 7 days of its making" in check.detail
    assert check.figures["expiry_known"] is False


def test_without_a_word_of_a_login_it_is_ok(bus):
    write_hash(bus, keys.desired("SCHWAB"), {"wanted": "1"})

    check = check_schwab_login(bus, MOMENT)

    assert check.ok
    assert "flask schwab-check" in check.detail
