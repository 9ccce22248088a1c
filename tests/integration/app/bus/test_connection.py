import socket

import pytest
from redis.exceptions import RedisError

from app.bus.connection import check_persistence, connect, impatient, with_database, without_retries
from app.errors import Conflict, Unavailable
from app.local.ports import free_port
from tests.proxy import relayed


def test_a_connection_that_broke_is_made_again(bus, redis_url):
    with relayed(redis_url) as relay, connect(relay.url) as client:
        client.set("a", "1")
        relay.cut()

        assert client.get("a") == "1"


def test_a_server_that_swallows_everything_is_given_up(bus, redis_url):
    with relayed(redis_url) as relay, connect(relay.url, socket_timeout_s=0.1) as client:
        client.ping()
        relay.swallow()

        with pytest.raises(RedisError):
            client.ping()


def test_a_client_without_retries_gives_up_a_connection_that_broke(bus, redis_url):
    with relayed(redis_url) as relay, connect(relay.url) as client:
        without_retries(client).set("a", "1")
        relay.lose_next_answer()

        with pytest.raises(RedisError):
            client.get("a")
        assert client.get("a") == "1"


def test_an_impatient_client_waits_for_a_silent_server_once_and_makes_a_broken_connection_again(bus, redis_url):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.setblocking(False)
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        with connect(url, socket_timeout_s=0.1) as client, pytest.raises(RedisError):
            impatient(client).ping()
        assert [waiting(silent), waiting(silent)] == [True, False]
    with relayed(redis_url) as relay, connect(relay.url) as client:
        impatient(client).set("a", "1")
        relay.cut()

        assert client.get("a") == "1"


def waiting(server):
    try:
        server.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def test_replies_are_text_or_bytes_as_asked(bus, raw_bus):
    bus.set("a", "é")

    assert (bus.get("a"), raw_bus.get("a")) == ("é", "é".encode())


def test_a_server_with_an_append_only_file_passes(bus):
    check_persistence(bus)


def test_a_server_without_an_append_only_file_is_refused(private_redis):
    private_redis.config_set("appendonly", "no")

    with pytest.raises(Conflict, match="appendonly yes"):
        check_persistence(private_redis)


def test_a_server_that_is_away_is_unavailable():
    with connect(f"redis://127.0.0.1:{free_port()}/0") as client, pytest.raises(Unavailable, match="check REDIS_URL"):
        check_persistence(client)


def test_another_database_of_the_same_server():
    assert with_database("redis://:p%40ss@h:6379/0?x=1", 7) == "redis://:p%40ss@h:6379/7?x=1"
