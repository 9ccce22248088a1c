import json

import pytest

from app.bus import keys
from app.bus.groups import GroupReader, group_state
from app.bus.leases import acquire
from app.bus.stream import QuotePublisher
from tests.factories import quotes
from tests.private_servers import private_valkey

DRAIN = ["redis-to-postgres", "--drain"]
STATUS = ["redis-to-postgres", "--status"]


@pytest.fixture
def publisher(bus):
    return QuotePublisher(bus, acquire(bus, keys.lease("REPLAY"), keys.epoch("REPLAY")))


def pending(raw_bus, count):
    reader = GroupReader(raw_bus, "gone")
    reader.join()
    reader.ask_new(count, 1)
    reader.take_new()
    reader.leave()


def test_draining_stores_what_there_is_and_tells_how_much(runner, bus, publisher):
    publisher.publish(quotes(25))
    publisher.publish(quotes(5))
    bus.xadd(keys.STREAM, {"symbol": "ES"})

    result = runner.invoke(args=[*DRAIN, "--batch-size", "7", "--consumer-id", "worker1"])

    assert result.exit_code == 0
    assert "Ingest ended: 31 entries read, 25 stored, 5 already there, 1 dead letters" in result.output
    assert group_state(bus).behind == 0


def test_the_status_of_nothing(runner):
    result = runner.invoke(args=STATUS)

    assert result.exit_code == 0
    assert "Stream: 0 entries kept, 0 ever published" in result.output
    assert "No ingestor runs" in result.output


def test_the_status_tells_what_is_behind(runner, raw_bus, publisher):
    publisher.publish(quotes(1_500))
    pending(raw_bus, 1_200)

    result = runner.invoke(args=STATUS)

    assert "Stream: 1,500 entries kept, 1,500 ever published" in result.output
    assert "Behind: 300 not read, 1,200 read and not yet acknowledged" in result.output


def test_the_status_tells_of_ingestors_and_dead_letters(runner, bus):
    bus.xadd(keys.STREAM, {"symbol": "ES"})
    runner.invoke(args=[*DRAIN, "--consumer-id", "worker1"])
    acquire(bus, keys.ingest_lease("worker1"), "epoch")

    result = runner.invoke(args=STATUS)

    assert "Dead letters: 1" in result.output
    assert "Ingestor worker1: running, 0 stored, no progress yet" in result.output


def test_the_status_as_json(runner, bus, raw_bus, publisher):
    publisher.publish(quotes(5))
    pending(raw_bus, 2)
    acquire(bus, keys.ingest_lease("worker1"), "epoch")

    result = runner.invoke(args=[*STATUS, "--json"])

    told = json.loads(result.output)
    ingestors = told.pop("ingestors")
    assert told == {"stream_length": 5, "lag": 3, "pending": 2, "dead_letters": 0}
    assert ingestors["worker1"]["state"] == "starting"


@pytest.mark.parametrize(
    "options",
    [
        ["--batch-size", "0"],
        ["--batch-size", "-1"],
        ["--batch-size", "1000000000"],
        ["--batch-size", "many"],
        ["--batch-size"],
        ["--consumer-id", ""],
        ["--consumer-id", "a b"],
        ["--consumer-id", "../x"],
        ["--consumer-id", "x" * 65],
        ["--status", "more"],
        ["--nonsense"],
    ],
    ids=" ".join,
)
def test_an_option_that_is_wrong_is_refused_in_one_line_and_nothing_changes(runner, bus, publisher, options):
    publisher.publish(quotes(5))

    result = runner.invoke(args=[*DRAIN, *options])

    assert (result.exit_code, result.output.count("\n")) == (2, 1)
    assert group_state(bus).behind == 5


def test_a_consumers_name_that_is_held_is_refused(runner, bus, publisher):
    publisher.publish(quotes(5))
    acquire(bus, keys.ingest_lease("worker1"), "epoch")

    result = runner.invoke(args=[*DRAIN, "--consumer-id", "worker1"])

    assert result.exit_code == 3
    assert result.output.splitlines()[-1].startswith("error: quotes:ingest:worker1:lease is held by process")
    assert group_state(bus).behind == 5


def test_a_redis_that_forgets_is_refused(runner_on, tmp_path):
    with private_valkey(tmp_path, appendonly="no") as server:
        result = runner_on(redis_url=server.url).invoke(args=DRAIN)

    assert (result.exit_code, result.output.count("\n")) == (3, 1)
    assert "appendonly yes" in result.output


@pytest.mark.parametrize("command", [DRAIN, STATUS], ids=["drain", "status"])
def test_a_redis_that_is_away_is_told_in_one_line(runner_on, command):
    result = runner_on(redis_url="redis://127.0.0.1:1/0").invoke(args=command)

    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert "Redis does not answer" in result.output


def test_the_status_without_postgres_is_told_in_one_line(runner_on):
    result = runner_on(database_url="postgresql://u:secret-word@127.0.0.1:1/d").invoke(args=STATUS)

    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert "PostgreSQL does not answer" in result.output
    assert "secret-word" not in result.output
