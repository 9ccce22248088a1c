from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from app.access import ring as module
from app.access.keys import add_key, revoke_key
from app.access.logins import IDLE, LONGEST, start_login
from app.access.models import ApiKey, Login
from app.access.ring import KeyRing
from app.access.roles import Caller, Role
from app.access.tokens import make_token
from app.access.users import add_user, disable_user
from app.clock import SystemClock
from app.errors import Unavailable
from tests.fakes import FixedClock

MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock():
    return FixedClock(SystemClock().now())


@pytest.fixture
def ring(sessions, clock, monkeypatch):
    """A ring that reads again as soon as anything is asked."""
    monkeypatch.setattr(module, "REFRESH_S", 0.0)
    monkeypatch.setattr(module, "LOOK_AGAIN_S", 0.0)
    return KeyRing(sessions, clock)


@pytest.fixture
def lazy(sessions, clock):
    return KeyRing(sessions, clock)


@pytest.fixture
def key(sessions, clock):
    def make(role=Role.OPERATOR, **told):
        with sessions.begin() as session:
            return add_key(session, "notebook", role, clock.now(), "anna", **told)[1]

    return make


@pytest.fixture
def login(sessions, clock):
    def make(name="anna"):
        with sessions.begin() as session:
            return start_login(session, add_user(session, name, Role.ADMIN, clock.now()), clock.now())

    return make


@pytest.fixture
def away(monkeypatch):
    def raise_outage(_session):
        raise OperationalError("SELECT", {}, Exception("gone"))

    return lambda: monkeypatch.setattr(module, "_read_all", raise_outage)


def test_a_key_belongs_to_its_caller_and_nothing_like_it_does(ring, key):
    token = key()

    assert ring.caller_of_key(token.text) == Caller("key", "notebook", Role.OPERATOR, token.id)
    for text in ("", "x", token.id, token.text[:-1], make_token("key").text, token.text.replace("key", "login")):
        assert ring.caller_of_key(text) is None
    forged = f"thor_key_{token.id}_{make_token('key').text[-43:]}"
    assert ring.caller_of_key(forged) is None


def test_a_key_ends_when_it_is_over_or_revoked(ring, key, clock, sessions):
    short, revoked = key(lasts=MINUTE), key()

    with sessions.begin() as session:
        revoke_key(session, revoked.id, clock.now())
    assert ring.caller_of_key(revoked.text) is None
    assert ring.caller_of_key(short.text)
    clock.advance(MINUTE)
    assert ring.caller_of_key(short.text) is None


def test_a_revoked_key_opens_nothing_after_a_few_seconds_in_other_processes(lazy, key, sessions, clock, monkeypatch):
    token = key()
    assert lazy.caller_of_key(token.text)
    with sessions.begin() as session:
        revoke_key(session, token.id, clock.now())
    now = module.time.monotonic()

    monkeypatch.setattr(module.time, "monotonic", lambda: now + module.REFRESH_S)

    assert module.REFRESH_S <= 5
    assert lazy.caller_of_key(token.text) is None


def test_a_key_that_was_just_made_opens_at_once(lazy, key, monkeypatch):
    assert lazy.caller_of_key(make_token("key").text) is None
    now = module.time.monotonic()
    monkeypatch.setattr(module.time, "monotonic", lambda: now + module.LOOK_AGAIN_S)

    assert lazy.caller_of_key(key().text)


def test_a_flood_of_made_up_keys_asks_the_database_once(lazy, monkeypatch):
    reads = []
    read_all = module._read_all
    monkeypatch.setattr(module, "_read_all", lambda session: reads.append(1) or read_all(session))
    now = module.time.monotonic()
    monkeypatch.setattr(module.time, "monotonic", lambda: now)

    for _ in range(100):
        assert lazy.caller_of_key(make_token("key").text) is None

    assert len(reads) == 1


def test_a_login_belongs_to_its_user_until_it_was_idle_or_lasted_for_too_long(ring, login, clock):
    token = login()
    assert ring.caller_of_login(token.text) == Caller("user", "anna", Role.ADMIN, token.id)

    for _ in range(LONGEST // (IDLE - MINUTE)):
        clock.advance(IDLE - MINUTE)
        assert ring.caller_of_login(token.text)
    clock.advance(IDLE - MINUTE)

    assert ring.caller_of_login(token.text) is None
    idle = login("ben")
    assert ring.caller_of_login(idle.text)
    clock.advance(IDLE)
    assert ring.caller_of_login(idle.text) is None


def test_a_login_of_somebody_who_is_shut_out_ends(ring, login, sessions, clock):
    token = login()
    login("ben")
    caller = ring.caller_of_login(token.text)
    assert ring.holds(caller)

    with sessions.begin() as session:
        disable_user(session, "anna", clock.now())

    assert ring.caller_of_login(token.text) is None
    assert not ring.holds(caller)


def test_what_was_used_is_written_down_now_and_then(ring, key, login, sessions, clock, monkeypatch):
    made, entered = key(), login()
    began = clock.now()
    clock.advance(MINUTE)
    ring.caller_of_key(made.text)
    ring.caller_of_login(entered.text)
    with sessions() as session:
        assert session.get(ApiKey, made.id).last_used_at is None

    monkeypatch.setattr(module, "NOTE_EVERY_S", 0.0)
    ring.caller_of_key(made.text)

    with sessions() as session:
        assert session.get(ApiKey, made.id).last_used_at == began + MINUTE
        assert session.get(Login, entered.id).seen_at == began + MINUTE


def test_while_the_database_is_away_what_was_read_goes_on_to_hold(ring, key, clock, away):
    token, short = key(), key(lasts=MINUTE)
    assert ring.caller_of_key(token.text)

    away()

    assert ring.caller_of_key(token.text)
    assert ring.caller_of_key(make_token("key").text) is None
    clock.advance(MINUTE)
    assert ring.caller_of_key(short.text) is None


def test_without_any_reading_nobody_is_let_in_or_told_that_a_key_is_wrong(ring, key, away):
    token = key()
    away()

    with pytest.raises(Unavailable):
        ring.caller_of_key(token.text)


def test_a_change_made_here_is_seen_at_once(lazy, key, login):
    assert lazy.caller_of_key(key().text)

    token = login()
    lazy.look_again()

    assert lazy.caller_of_login(token.text)
