import socket
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import sessionmaker

from app.bus import keys
from app.bus.connection import connect
from app.errors import Unavailable
from app.ledger.losses import record_loss
from app.local.ports import free_port
from app.operations.health import (
    Check,
    Probes,
    check_ingest,
    check_ledger,
    check_postgres,
    check_queues,
    check_redis,
    check_room,
)
from tests.factories import DAY, MOMENT, wire
from tests.private_servers import private_valkey

NOW_MS = int(MOMENT.timestamp() * 1000)


def test_a_redis_with_an_append_only_file_is_ok(bus):
    check = check_redis(bus)

    assert (check.name, check.ok) == ("redis", True)
    assert check.figures["answer_ms"] >= 0


def test_a_redis_that_forgets_is_not_ok(tmp_path):
    with private_valkey(tmp_path) as server, connect(server.url) as client:
        client.config_set("appendonly", "no")
        check = check_redis(client)

    assert not check.ok
    assert "appendonly yes" in check.detail


def test_a_redis_that_is_away_is_not_ok():
    assert not check_redis(connect(f"redis://127.0.0.1:{free_port()}/0")).ok


def test_a_postgresql_that_answers_is_ok(sessions):
    assert check_postgres(sessions).ok


def test_a_connection_that_died_in_the_pool_is_not_held_against_postgresql(database_url, engine):
    pooled = create_engine(database_url, pool_size=1)
    with pooled.connect() as connection:
        pid = connection.scalar(text("SELECT pg_backend_pid()"))
    with engine.connect() as other:
        other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})

    check = check_postgres(sessionmaker(pooled))

    pooled.dispose()
    assert check.ok


def test_a_postgresql_that_is_away_is_not_ok():
    engine = create_engine(f"postgresql+psycopg2://thor@127.0.0.1:{free_port()}/thor")

    check = check_postgres(sessionmaker(engine))

    assert not check.ok
    assert "\n" not in check.detail


def test_ingest_is_ok_before_there_is_anything_to_do(bus):
    check = check_ingest(bus, MOMENT)

    assert (check.ok, check.figures) == (
        True,
        {"behind": 0, "pending": 0, "ingestors": 0, "standing_still": {}},
    )


def test_entries_that_nobody_reads_are_not_ok(bus):
    bus.xadd(keys.STREAM, wire())

    check = check_ingest(bus, MOMENT)

    assert not check.ok
    assert check.detail == "1 entries behind, no ingestor runs"


@pytest.mark.parametrize(("silence_s", "ok"), [(0, True), (15, True), (15.1, False)])
def test_entries_that_wait_are_ok_as_long_as_an_ingestor_makes_progress(bus, silence_s, ok):
    ingestor(bus, "one", NOW_MS - int(silence_s * 1000))
    bus.xadd(keys.STREAM, wire())

    check = check_ingest(bus, MOMENT)

    assert check.ok is ok
    counts = {"behind": 1, "pending": 0, "ingestors": 1, "standing_still": {}}
    assert check.figures == {**counts, "progress_age_s": silence_s}


def test_an_ingestor_that_has_made_no_progress_yet_is_told_as_such(bus):
    ingestor(bus, "one", 0)
    quiet = check_ingest(bus, MOMENT)
    bus.xadd(keys.STREAM, wire())

    waiting = check_ingest(bus, MOMENT)

    assert (quiet.ok, waiting.ok) == (True, False)
    assert waiting.detail == "1 entries behind, no progress yet"
    assert waiting.figures["progress_age_s"] is None


def test_an_ingestor_without_a_lease_does_not_count(bus):
    ingestor(bus, "dead", NOW_MS)
    bus.delete(keys.ingest_lease("dead"))
    bus.xadd(keys.STREAM, wire())

    assert not check_ingest(bus, MOMENT).ok


def test_an_ingestor_that_never_made_progress_is_not_ok_while_entries_wait(bus):
    ingestor(bus, "new", NOW_MS)
    bus.delete(keys.ingest_health("new"))
    bus.xadd(keys.STREAM, wire())

    assert not check_ingest(bus, MOMENT).ok


def test_the_ingestor_that_is_best_off_decides_about_what_nobody_has_read(bus):
    ingestor(bus, "slow", NOW_MS - 60_000)
    ingestor(bus, "quick", NOW_MS - 1_000)
    bus.xadd(keys.STREAM, wire())

    assert check_ingest(bus, MOMENT).ok


@pytest.mark.parametrize("has_lease", [True, False])
def test_an_ingestor_that_stands_still_with_entries_in_its_hands_is_named_however_well_another_works(bus, has_lease):
    ingestor(bus, "still", NOW_MS - 3_600_000)
    ingestor(bus, "quick", NOW_MS)
    hand_over(bus, "still", 2)
    hand_over(bus, "quick", 1)
    if not has_lease:
        bus.delete(keys.ingest_lease("still"))

    check = check_ingest(bus, MOMENT)

    assert (check.ok, check.figures["standing_still"]) == (False, {"still": 2})
    assert check.detail.endswith("still has 2 of them and made no progress for 3600.0 s")


def test_an_ingestor_that_died_a_moment_ago_is_left_to_the_others(bus):
    ingestor(bus, "dead", NOW_MS - 14_000)
    ingestor(bus, "quick", NOW_MS)
    hand_over(bus, "dead", 2)
    bus.delete(keys.ingest_lease("dead"))

    assert check_ingest(bus, MOMENT).ok


def test_silence_of_ingest_is_ok_when_nothing_waits(bus):
    ingestor(bus, "idle", NOW_MS - 3_600_000)

    assert check_ingest(bus, MOMENT).ok


@pytest.mark.parametrize(("length", "ok"), [(0, True), (79, True), (80, False)])
def test_a_stream_with_less_than_a_fifth_of_its_room_left_is_not_ok(bus, length, ok):
    for _ in range(length):
        bus.xadd(keys.STREAM, {"symbol": "ES"})

    check = check_room(bus, 100)

    assert check.ok is ok
    assert check.figures == {"length": length, "cap": 100, "fill_percent": float(length)}
    assert ok or "flask redis-to-postgres --status" in check.detail


def test_unexplained_losses_of_the_last_day_are_told_and_are_ok(sessions):
    with sessions.begin() as session:
        record_loss(session, "unexplained", "test:1", 12, "SCHWAB", "ES", DAY)
        record_loss(session, "trimmed_unread", "test:2", 5)
    now = datetime.now(UTC)

    today, tomorrow = check_ledger(sessions, now), check_ledger(sessions, now + timedelta(days=1, minutes=1))

    assert (today.ok, today.figures) == (True, {"unexplained_24h": 12})
    assert "12 events lost without an explanation" in today.detail
    assert tomorrow.figures == {"unexplained_24h": 0}


def test_queues_are_ok_while_each_shows_a_sign_of_life(bus):
    bus.set(keys.pulse("export"), NOW_MS - 60_000)
    bus.set(keys.pulse("ingest"), NOW_MS)

    check = check_queues(bus, ["export", "ingest"], MOMENT)

    assert check.ok
    assert check.figures == {"pulse_age_s": {"export": 60.0, "ingest": 0.0}}


def test_a_queue_that_is_silent_or_never_spoke_is_named(bus):
    bus.set(keys.pulse("export"), NOW_MS - 60_100)
    bus.set(keys.pulse("ingest"), NOW_MS)
    bus.set(keys.pulse("analysis"), NOW_MS + 60_100)  # From before the clock was put back.

    check = check_queues(bus, ["export", "ingest", "control", "analysis"], MOMENT)

    assert not check.ok
    assert check.detail == "no sign of life from export, control, analysis"


def test_a_queue_that_is_at_a_long_task_is_alive(bus):
    bus.set(keys.busy("export"), NOW_MS - 600_000)

    assert check_queues(bus, ["export"], MOMENT).ok


def test_checks_are_run_side_by_side_and_answered_in_order():
    together = threading.Barrier(3, timeout=10)

    def meet(name):
        together.wait()
        return Check(name, True, "met")

    checks = Probes({name: lambda name=name: meet(name) for name in "abc"}, timeout_s=10).run()

    assert [(check.name, check.ok) for check in checks] == [("a", True), ("b", True), ("c", True)]


def test_a_check_that_does_not_come_back_is_not_ok_and_is_not_started_twice():
    starts, may_end = [], threading.Event()

    def hang():
        starts.append(1)
        may_end.wait()
        return Check("hanging", True, "at last")

    probes = Probes({"hanging": hang, "quick": lambda: Check("quick", True, "done")}, timeout_s=0.05)
    first, second = probes.run(), probes.run()
    may_end.set()

    assert [[check.ok for check in checks] for checks in (first, second)] == [[False, True]] * 2
    assert "no answer within 0.05 s" in first[0].detail
    assert len(starts) == 1


@pytest.mark.parametrize(
    ("error", "is_fault"),
    [
        (ZeroDivisionError("a fault"), True),
        (Unavailable("no server"), False),
        (OperationalError("SELECT 1", None, Exception("no server")), False),
    ],
)
def test_a_check_that_breaks_is_not_ok_and_a_fault_of_ours_is_logged(error, is_fault, caplog):
    def fail():
        raise error

    [check] = Probes({"broken": fail}).run()

    assert (check.name, check.ok) == ("broken", False)
    assert str(error).partition("\n")[0] in check.detail
    assert ("the check broken failed" in caplog.text) == is_fault


def test_a_server_that_accepts_and_never_answers_is_not_ok(black_hole):
    silent = connect(f"redis://127.0.0.1:{black_hole}/0", socket_timeout_s=0.5)
    engine = create_engine(f"postgresql+psycopg2://thor@127.0.0.1:{black_hole}/thor")
    probes = Probes(
        {"redis": lambda: check_redis(silent), "postgres": lambda: check_postgres(sessionmaker(engine))}, timeout_s=0.1
    )

    assert [check.ok for check in probes.run()] == [False, False]


def ingestor(bus, consumer, progress_ms):
    if not bus.exists(keys.STREAM):
        bus.xgroup_create(keys.STREAM, keys.INGEST_GROUP, id="0", mkstream=True)
    bus.xgroup_createconsumer(keys.STREAM, keys.INGEST_GROUP, consumer)
    bus.set(keys.ingest_lease(consumer), "held")
    bus.hset(keys.ingest_health(consumer), "progress_ms", progress_ms)


def hand_over(bus, consumer, count):
    for _ in range(count):
        bus.xadd(keys.STREAM, wire())
    bus.xreadgroup(keys.INGEST_GROUP, consumer, {keys.STREAM: ">"}, count=count)


@pytest.fixture
def black_hole():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]
