import contextlib
import stat
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.errors import Conflict
from app.local.ports import free_port
from app.local.valkey import EmbeddedValkey
from tests.waiting import until

Running = Callable[[EmbeddedValkey], contextlib.AbstractContextManager[psutil.Process]]


def test_it_keeps_its_data_after_a_kill_even_with_a_torn_log(tmp_path: Path, running: Running) -> None:
    server = _server(tmp_path / 'a "quoted" \\ place')
    with running(server) as process:
        _client(server).xadd("stream", {"n": 1})
        _client(server).xadd("stream", {"n": 2})
        # While an earlier part is on its way to the disk the server holds back what it writes next.
        until(lambda: _client(server).info("persistence")["aof_buffer_length"] == 0)
        process.kill()
    log = max((server.home / "appendonlydir").glob("*.incr.aof"))
    log.write_bytes(log.read_bytes()[:-3])

    with running(server):
        assert _client(server).xlen("stream") == 1


def test_it_persists_and_never_forgets_to_save_memory(tmp_path: Path, running: Running) -> None:
    server = _server(tmp_path)

    with running(server):
        told = _client(server).config_get("*")

    assert {name: told[name] for name in ("appendonly", "appendfsync", "save", "maxmemory-policy", "bind")} == {
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "bind": "127.0.0.1",
    }


def test_it_answers_only_to_the_password_which_shows_nowhere(tmp_path: Path, running: Running) -> None:
    server = _server(tmp_path)

    with running(server) as process:
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(host="127.0.0.1", port=server.port, retry=Retry(NoBackoff(), 0)).ping()
        with pytest.raises(Conflict, match=f"another server listens on 127.0.0.1:{server.port}"):
            EmbeddedValkey(tmp_path, server.port, "wrong").is_ready()
        assert not any("s3cret" in part for part in process.cmdline())
    assert stat.S_IMODE(server.configuration.stat().st_mode) == 0o600


def test_it_is_not_ready_while_nobody_listens(tmp_path: Path) -> None:
    assert not _server(tmp_path).is_ready()


def _server(place: Path) -> EmbeddedValkey:
    return EmbeddedValkey(place, free_port(), "s3cret")


def _client(server: EmbeddedValkey) -> "redis.Redis":
    return redis.Redis.from_url(server.url, decode_responses=True)
