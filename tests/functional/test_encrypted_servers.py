from urllib.parse import urlsplit

import psycopg2
import pytest
from redis.exceptions import RedisError

from app.bus.connection import connect
from app.errors import Unavailable
from app.settings import Settings
from app.wiring import connect_postgres
from tests.servers import TestServers
from tests.tls_front import tls_front
from workers.dispatch import CeleryDispatch, make_celery


def test_the_bus_is_reached_with_tls_and_the_certificate_is_checked(bus_front, redis_url):
    with connect(encrypted(redis_url, bus_front)) as client:
        assert client.ping()

    assert bus_front.arrivals
    assert set(bus_front.arrivals) <= {"TLSv1.3", "TLSv1.2"}


def test_a_bus_whose_certificate_nobody_vouches_for_is_refused(bus_front, redis_url):
    url = encrypted(redis_url, bus_front).partition("?")[0]

    with connect(url) as client, pytest.raises(RedisError, match="CERTIFICATE_VERIFY_FAILED"):
        client.ping()


def test_tasks_are_sent_with_tls(bus_front, redis_url, broker):
    before, arrivals = waiting(broker), len(bus_front.arrivals)

    CeleryDispatch(lambda: make_celery(encrypted(redis_url, bus_front), reply_within_s=5)).reconcile()

    assert len(bus_front.arrivals) > arrivals
    assert waiting(broker) == before + 1


def test_tasks_do_not_go_to_a_broker_whose_certificate_nobody_vouches_for(redis_url, broker, tmp_path):
    before = waiting(broker)

    # An address of its own: connections are shared by address, whatever was said of certificates.
    with tls_front(tmp_path, urlsplit(redis_url).port) as front, pytest.raises(Unavailable):
        url = encrypted(redis_url, front).partition("?")[0]
        CeleryDispatch(lambda: make_celery(url, reply_within_s=5)).reconcile()

    assert waiting(broker) == before


def test_the_database_is_reached_with_tls_and_its_certificate_is_checked(database_front, database_url):
    url = f"{moved(database_url, database_front.port)}?sslmode=verify-full&sslnegotiation=direct"
    trusting = f"{url}&sslrootcert={database_front.certificate}"

    connection = connect_postgres(Settings(_env_file=None, database_url=trusting))
    try:
        assert connection.info.ssl_in_use
    finally:
        connection.close()
    with pytest.raises(psycopg2.OperationalError, match=r"certificate verify failed"):
        connect_postgres(Settings(_env_file=None, database_url=f"{url}&sslrootcert=system"))


def test_of_several_hosts_of_the_database_the_one_that_answers_is_taken(database_url):
    port = urlsplit(database_url).port
    url = f"{database_url}?host=127.0.0.1,127.0.0.1&port=1,{port}&target_session_attrs=read-write"

    connection = connect_postgres(Settings(_env_file=None, database_url=url))
    try:
        assert connection.info.port == port
    finally:
        connection.close()


def test_a_database_notices_within_half_a_minute_that_the_other_machine_is_gone(database_url):
    connection = connect_postgres(Settings(_env_file=None, database_url=database_url))
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT name, setting::int FROM pg_settings WHERE name LIKE 'tcp_%'")
            told = dict(cursor.fetchall())
    finally:
        connection.close()

    silent_s = told["tcp_keepalives_idle"] + told["tcp_keepalives_interval"] * told["tcp_keepalives_count"]
    assert 0 < silent_s <= 30
    assert 0 < told["tcp_user_timeout"] <= 30_000


@pytest.fixture(scope="module")
def bus_front(servers: TestServers, tmp_path_factory):
    """The bus with TLS."""
    with tls_front(tmp_path_factory.mktemp("bus"), urlsplit(servers.redis_url).port) as front:
        yield front


@pytest.fixture(scope="module")
def database_front(servers: TestServers, tmp_path_factory):
    """The database with TLS."""
    port = urlsplit(servers.database_url).port
    with tls_front(tmp_path_factory.mktemp("database"), port, "postgresql") as front:
        yield front


@pytest.fixture
def broker(redis_url):
    """The broker's database, without TLS."""
    base = redis_url.rpartition("/")[0]
    with connect(f"{base}/1") as client:
        yield client


def waiting(broker):
    return sum(broker.llen(name) for name in broker.scan_iter("control*", _type="list"))


def moved(url, port):
    parts = urlsplit(url)
    return url.replace(f":{parts.port}/", f":{port}/")


def encrypted(url, front):
    return f"{moved(url, front.port).replace('redis://', 'rediss://')}?ssl_ca_certs={front.certificate}"
