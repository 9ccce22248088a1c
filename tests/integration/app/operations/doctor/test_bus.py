from types import SimpleNamespace

from app.bus.connection import connect
from app.operations.doctor.bus import look_at_bus
from tests.integration.app.operations.doctor.conftest import AWAY
from tests.private_servers import private_valkey


def levels(installation):
    return {one.name: one.level for one in look_at_bus(installation)}


def test_a_valkey_of_our_own_is_ok(installation, rt):
    assert levels(installation(rt, stream_cap=1000)) == {
        "redis": "ok",
        "append_only_file": "ok",
        "appendfsync": "ok",
        "eviction": "ok",
        "redis_memory": "ok",
    }


def test_a_server_that_forgets_is_wrong_in_each_way_in_which_it_does(installation, tmp_path):
    forgetful = {"appendonly": "no", "appendfsync": "no", "maxmemory": "100mb", "maxmemory-policy": "allkeys-lru"}
    with private_valkey(tmp_path, **forgetful) as server, connect(server.url) as client:
        found = levels(installation(SimpleNamespace(redis=client)))

    assert found == {
        "redis": "ok",
        "append_only_file": "wrong",
        "appendfsync": "wrong",
        "eviction": "wrong",
        "redis_memory": "warning",
    }


def test_a_server_that_is_away_is_wrong(installation, away):
    [found] = look_at_bus(installation(away, redis_url=AWAY["redis_url"]))

    assert (found.name, found.level) == ("redis", "wrong")
    assert "REDIS_URL" in found.fix
    assert "pa55word" not in found.detail


def test_one_of_our_own_that_does_not_run_is_not_known(installation, unset):
    [found] = look_at_bus(installation(unset))

    assert (found.name, found.level) == ("redis", "unknown")
