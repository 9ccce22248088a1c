from datetime import timedelta

import pytest
from pydantic import ValidationError

from app.collectors.schwab.tokens import Grant, Login
from tests.factories import MOMENT
from tests.schwab_logins import login


def test_a_login_ends_seven_days_after_it_was_made():
    assert login(MOMENT).expires_at == MOMENT + timedelta(days=7)


@pytest.mark.parametrize(
    ("after_s", "is_fresh"), [(0, True), (1499, True), (1500, True), (1501, False), (1800, False), (9999, False)]
)
def test_an_access_token_is_fresh_until_five_minutes_before_its_end(after_s, is_fresh):
    assert login(MOMENT).is_fresh(MOMENT + timedelta(seconds=after_s)) is is_fresh


def test_an_access_token_that_would_last_too_long_is_not_fresh_because_the_clock_went_back():
    assert not login(MOMENT).is_fresh(MOMENT - timedelta(hours=1))


def test_an_access_token_of_a_minute_is_fresh_for_half_of_it():
    short = login(MOMENT, token={"expires_in": 60, "expires_at": int(MOMENT.timestamp()) + 60})

    assert short.is_fresh(MOMENT + timedelta(seconds=29))
    assert not short.is_fresh(MOMENT + timedelta(seconds=31))


def test_what_schwab_py_keeps_is_a_login():
    token = {"access_token": "a", "refresh_token": "r", "expires_in": 1800, "expires_at": 9, "scope": "api"}

    read = Login.model_validate({"creation_timestamp": 7, "token": token})

    assert read.login_known
    assert read.token.model_dump() == token


@pytest.mark.parametrize("shown", [repr, str])
def test_no_token_is_in_the_repr_of_a_login(shown):
    text = shown(login())

    assert "expires_at" in text
    assert not [word for word in ("access-token", "refresh-token", "id-token") if word in text]


def test_no_token_is_in_the_error_of_a_bad_one():
    with pytest.raises(ValidationError) as error:
        Grant.model_validate({"access_token": "a-secret-token", "refresh_token": 7, "expires_at": "a-secret-token"})

    assert "a-secret-token" not in str(error.value)
