from datetime import timedelta

import pytest

from app.bus import keys
from app.bus.hashes import write_hash
from app.clock import SystemClock
from app.collectors.schwab.expiry import LoginTerm, record_login
from app.settings import load_settings

KEY = "of-an-app"


@pytest.fixture
def settings(database_url, redis_url, tmp_path):
    return load_settings(
        _env_file=None,
        database_url=database_url,
        redis_url=redis_url,
        state_dir=tmp_path / "var",
        schwab_client_id=KEY,
        schwab_client_secret=KEY,
    )


def shown_by(client):
    checks = client.get("/api/health/ready").json["checks"]
    return next(check for check in checks if check["name"] == "schwab_login")


def test_readiness_tells_how_long_the_login_at_schwab_is_good(client, bus):
    now = SystemClock().now()
    record_login(bus, LoginTerm(now + timedelta(hours=30)), now)

    check = shown_by(client)

    assert check["ok"] is True
    assert check["warns"] is True
    assert "flask schwab-login" in check["detail"]


def test_a_login_that_is_over_is_a_fault_while_schwab_is_wanted(client, bus):
    now = SystemClock().now()
    record_login(bus, LoginTerm(now), now)
    write_hash(bus, keys.desired("SCHWAB"), {"wanted": "1"})

    assert shown_by(client)["ok"] is False
