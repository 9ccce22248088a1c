import threading
import time
from datetime import timedelta
from threading import Event

import pytest
from redis.exceptions import ConnectionError as LinkLost
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.orm import sessionmaker

from app.bus import keys
from app.bus.connection import connect
from app.bus.groups import GroupReader, group_state
from app.bus.leases import acquire
from app.bus.trimming import acknowledged_position, trim_stored
from app.errors import Conflict
from app.ingest.batch import Batch
from app.ingest.rows import RowMaker
from app.ingest.run import IngestPlan, ingest
from app.ingest.session_names import name_session
from app.ingest.storing import TickWriter
from app.ledger.models import DeadLetter, DuplicateCount, Loss
from app.ledger.positions import save_position
from app.ledger.totals import sum_losses
from app.local.ports import free_port
from tests.factories import MOMENT, quote, quotes, words
from tests.proxy import Relay
from tests.waiting import until

QUICK = {"lost_after_ms": 50, "recover_every_s": 0.05}
END_ALL = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'thor'
"""

LOCK_TICKS = text("LOCK TABLE ticks IN SHARE MODE")


def numbers(count, first=1):
    return list(range(first, first + count))


def deliver(raw_bus, consumer, count):
    """What a consumer has read and not acknowledged when it dies."""
    reader = GroupReader(raw_bus, consumer)
    reader.join()
    reader.ask_new(count, 1)
    entries = reader.take_new()
    reader.leave()
    return entries


class Network(Relay):
    """A relay with clients for an ingestor."""

    clients: dict


@pytest.fixture
def relay(redis_url, bus):
    network = Network(redis_url)
    with (
        connect(network.url, socket_timeout_s=0.3) as client,
        connect(network.url, text=False, socket_timeout_s=0.3) as raw,
    ):
        network.clients = {"client": client, "raw": raw}
        yield network
    network.close()


@pytest.fixture
def nowhere():
    """Sessions of a database that refuses connections."""
    return sessionmaker(create_engine(f"postgresql+psycopg2://u:p@127.0.0.1:{free_port()}/d"))


def test_everything_in_the_stream_is_stored_and_acknowledged(bus, publisher, drain, stored):
    publisher.publish(quotes(2_500))

    totals = drain(batch_size=1000)

    assert stored() == numbers(2_500)
    assert group_state(bus).behind == 0
    assert (totals.read, totals.written, totals.duplicates, totals.dead) == (2_500, 2_500, 0, 0)


def test_what_is_committed_counts_as_stored_also_where_redis_goes_away_before_it_is_acknowledged(
    monkeypatch, publisher, drain, stored
):
    acknowledge, broken = GroupReader.send_ack, []

    def send_ack(reader, ids):
        if not broken:
            broken.append(len(ids))
            raise LinkLost("gone")
        acknowledge(reader, ids)

    monkeypatch.setattr(GroupReader, "send_ack", send_ack)
    publisher.publish(quotes(10))

    totals = drain()

    assert (stored(), broken) == (numbers(10), [10])
    assert (totals.read, totals.written, totals.duplicates) == (20, 10, 10)


def test_what_was_published_before_the_first_ingestor_is_stored_too(publisher, drain, stored):
    publisher.publish(quotes(1))
    drain()
    publisher.publish(quotes(1, first_seq=2))
    drain("another")

    assert stored() == [1, 2]


POISON = {
    "last": ["NaN", "1e309", "1,5", "0x1", "4" * 40, "1.0000000001"],
    "ts": ["2025-10-09T15:30:00", "1970-01-01T00:00:00Z", "2125-01-01T00:00:00Z", "NaT", "2025-02-30T15:30:00.000000Z"],
    "recv_ts": ["2025-02-30T15:30:00.000000Z"],  # Found out by the database only.
    "seq": ["-1", "x", str(2**63), None],
    "symbol": ["es", "../x", "E\x00S", b"\xff\xfe", None],
    "source": ["BLOOMBERG", None],
    "volume": ["-1", "1.5"],
    "v": ["99", "\x00"],
    "note": [b"x" * 1_000_000, b"\xff"],
}


def test_poison_of_every_kind_is_put_aside_with_its_reason_and_costs_no_neighbour(bus, add, drain, stored, sessions):
    ids = []
    for seq, fields in enumerate({name: value} for name, values in POISON.items() for value in values):
        add(words(seq=str(1000 + seq)))
        ids.append(add(words(**fields)))
    ids.append(bus.xadd(keys.STREAM, {"a": "b"}))
    ids.append(bus.xadd(keys.STREAM, {f"field{n}": n for n in range(5_000)}))
    add(words(seq="1"))

    totals = drain()

    with sessions() as session:
        dead = session.scalars(select(DeadLetter)).all()
    assert sorted(letter.stream_id for letter in dead) == sorted(ids)
    assert all(letter.reason and letter.fields for letter in dead)
    assert stored() == [1, *numbers(len(ids) - 2, first=1000)]
    assert (totals.dead, group_state(bus).behind) == (len(ids), 0)
    assert bus.xlen(keys.DEAD_STREAM) == len(ids)


def test_the_same_event_again_is_not_stored_again(publisher, drain, stored):
    publisher.publish(quotes(10))
    publisher.publish(quotes(10))
    publisher.publish(quotes(12))

    totals = drain()

    assert stored() == numbers(12)
    assert (totals.read, totals.written, totals.duplicates) == (32, 12, 20)


def test_a_restarted_ingestor_finishes_its_own_entries_first(bus, raw_bus, publisher, drain, stored):
    publisher.publish(quotes(30))
    deliver(raw_bus, "one", 20)

    totals = drain("one", batch_size=7)

    assert stored() == numbers(30)
    assert (totals.written, group_state(bus).pending) == (30, 0)


def test_what_was_stored_and_not_acknowledged_is_not_stored_again(bus, raw_bus, add, drain, rt, stored, sessions):
    add(words(seq="1"))
    add(words(last="NaN"))
    entries = deliver(raw_bus, "one", 2)
    maker = RowMaker(rt.market)
    TickWriter(rt.sessions, maker).store(Batch(entries, maker.rows(entries, rt.clock.now())), rt.clock.now())

    totals = drain("one")

    with sessions() as session:
        assert len(session.scalars(select(DeadLetter)).all()) == 1
    assert stored() == [1]
    assert (totals.duplicates, group_state(bus).behind) == (1, 0)


def test_entries_of_a_dead_ingestor_are_taken_over(bus, raw_bus, publisher, drain, stored):
    publisher.publish(quotes(10))
    deliver(raw_bus, "dead", 6)

    drain("living", **QUICK)

    assert stored() == numbers(10)
    assert group_state(bus).behind == 0


def test_entries_of_a_dead_ingestor_are_taken_over_also_while_new_ones_never_cease(raw_bus, publisher, running, stored):
    publisher.publish(quotes(6))
    deliver(raw_bus, "dead", 6)
    enough = Event()

    def never_cease():
        seq = 7
        while not enough.is_set():
            publisher.publish(quotes(5, first_seq=seq))
            seq += 5

    flow = threading.Thread(target=never_cease)
    flow.start()
    try:
        with running("living", batch_size=5, **QUICK):
            until(lambda: stored()[:6] == numbers(6))
    finally:
        enough.set()
        flow.join()


def test_entries_of_a_living_ingestor_are_left_to_it(bus, raw_bus, publisher, running, until_stored, stored):
    publisher.publish(quotes(5))
    acquire(bus, keys.ingest_lease("living"), "epoch")
    deliver(raw_bus, "living", 5)

    with running("one", **QUICK):
        publisher.publish(quotes(5, first_seq=6))
        until_stored(5)
        time.sleep(0.3)  # Long enough for several rounds of looking for lost entries.

    assert stored() == numbers(5, first=6)


def test_entries_trimmed_before_they_were_stored_are_counted(bus, raw_bus, publisher, drain, stored):
    publisher.publish(quotes(10))
    deliver(raw_bus, "one", 4)
    deliver(raw_bus, "dead", 3)
    bus.xtrim(keys.STREAM, maxlen=3, approximate=False)

    totals = drain("one", **QUICK)

    assert (stored(), totals.trimmed, group_state(bus).behind) == ([8, 9, 10], 7, 0)


def test_entries_trimmed_away_are_counted_also_when_their_finder_dies_before_it_commits(
    bus, raw_bus, publisher, drain, sessions
):
    publisher.publish(quotes(5))
    deliver(raw_bus, "dead", 5)
    bus.xtrim(keys.STREAM, maxlen=1, approximate=False)
    GroupReader(raw_bus, "finder").claim_lost(0, 100, own=False)

    totals = drain("one", **QUICK)

    with sessions() as session:
        assert sum_losses(session)["trimmed_pending"] == totals.trimmed == 4
    assert group_state(bus).behind == 0


def test_entries_trimmed_away_that_two_ingestors_find_at_once_are_counted_once(
    bus, raw_bus, publisher, running, sessions
):
    publisher.publish(quotes(300))
    deliver(raw_bus, "dead", 300)
    bus.xtrim(keys.STREAM, maxlen=0, approximate=False)

    with running("one", **QUICK, batch_size=30) as one, running("two", **QUICK, batch_size=30) as two:
        until(lambda: group_state(bus).behind == 0)
        totals = [one.end(), two.end()]

    with sessions() as session:
        assert sum_losses(session)["trimmed_pending"] == sum(part.trimmed for part in totals) == 300


def test_two_ingestors_share_the_stream(bus, publisher, running, until_stored, stored):
    with running("one", batch_size=10) as one, running("two", batch_size=10) as two:
        for first in range(1, 2_001, 100):
            publisher.publish(quotes(100, first_seq=first))
        until_stored(2_000)
        totals = [one.end(), two.end()]

    assert stored() == numbers(2_000)
    assert sum(part.written for part in totals) == 2_000
    assert all(part.written for part in totals)
    assert group_state(bus).behind == 0


def test_a_consumers_name_belongs_to_one_process(rt, ingestor, running):
    with running("one"):
        with pytest.raises(Conflict, match="is held by process"):
            ingestor("one").run(Event())
        held = ingest(rt.raw_redis, rt.redis, rt.sessions, rt.market, rt.clock, IngestPlan("one"), Event())

    assert held is None


def test_an_ingestor_ends_when_another_has_taken_its_name(bus, running):
    with running("one") as one:
        key = keys.ingest_lease("one")
        bus.delete(key)
        acquire(bus, key, f"{key}:epoch")

        assert isinstance(one.failure(), Conflict)


def test_an_ingestor_that_ends_gives_its_name_back(bus, drain):
    drain("one")

    assert not bus.exists(keys.ingest_lease("one"))


def test_an_ingestor_shows_its_progress(bus, publisher, running, until_stored):
    publisher.publish(quotes(3))

    with running("one"):
        until_stored(3)
        until(lambda: bus.hget(keys.ingest_health("one"), "written") == "3")

        shown = bus.hgetall(keys.ingest_health("one"))
        assert (shown["read"], shown["dead"], shown["state"]) == ("3", "0", "running")
        assert int(shown["progress_ms"]) > 0


def test_connections_to_postgres_that_end_cost_nothing(publisher, running, until_stored, stored, engine):
    with running("one", batch_size=50) as one:
        for first in range(1, 2_001, 100):
            publisher.publish(quotes(100, first_seq=first))
            with engine.connect() as connection:
                connection.execute(text(END_ALL))
        until_stored(2_000)
        totals = one.end()

    assert stored() == numbers(2_000)
    assert totals.read >= 2_000


def test_connections_to_redis_that_end_cost_nothing(bus, relay, publisher, running, until_stored, stored):
    with running("one", batch_size=50, **relay.clients, **QUICK):
        for first in range(1, 2_001, 100):
            publisher.publish(quotes(100, first_seq=first))
            relay.cut()
        until_stored(2_000)
        until(lambda: group_state(bus).behind == 0)

    assert stored() == numbers(2_000)


def test_clients_that_the_server_kills_cost_nothing(bus, publisher, running, until_stored, stored):
    with running("one", batch_size=50, **QUICK):
        for first in range(1, 2_001, 100):
            publisher.publish(quotes(100, first_seq=first))
            own = str(bus.connection_pool.connection_kwargs["db"])
            for client in bus.client_list():
                if client["db"] == own and client["id"] != str(bus.client_id()):
                    bus.client_kill_filter(_id=client["id"])
        until_stored(2_000)
        until(lambda: group_state(bus).behind == 0)

    assert stored() == numbers(2_000)


def test_a_connection_without_any_sign_of_life_is_given_up(
    monkeypatch, relay, publisher, running, until_stored, stored
):
    monkeypatch.setattr("app.bus.groups.ANSWER_S", 0.2)
    with running("one", **relay.clients, **QUICK):
        publisher.publish(quotes(10))
        until_stored(10)
        relay.swallow()
        publisher.publish(quotes(10, first_seq=11))
        time.sleep(2)  # Longer than every patience.
        relay.restore()
        relay.cut()
        until_stored(20)

    assert stored() == numbers(20)


def test_a_batch_whose_acknowledgement_got_lost_is_stored_once(bus, relay, publisher, running, until_stored, stored):
    with running("one", **relay.clients, **QUICK):
        for first in range(1, 101, 10):
            relay.lose_next_answer()
            publisher.publish(quotes(10, first_seq=first))
            until_stored(first + 9)
        until(lambda: group_state(bus).behind == 0)

    assert stored() == numbers(100)


def test_a_group_that_was_destroyed_is_joined_again(bus, publisher, running, until_stored, stored):
    with running("one"):
        publisher.publish(quotes(5))
        until_stored(5)
        bus.xgroup_destroy(keys.STREAM, keys.INGEST_GROUP)
        publisher.publish(quotes(5, first_seq=6))
        until_stored(10)

    assert stored() == numbers(10)


def test_a_server_that_was_flushed_is_joined_again(bus, running, publisher, until_stored, stored):
    with running("one"):
        publisher.publish(quotes(5))
        until_stored(5)
        bus.flushdb()
        acquire(bus, keys.lease("REPLAY"), keys.epoch("REPLAY"))
        for seq in (6, 7):
            bus.xadd(keys.STREAM, dict(zip(*[iter(words(seq=str(seq)))] * 2, strict=True)))
        until_stored(7)
        until(lambda: bus.exists(keys.ingest_lease("one")))

    assert stored() == numbers(7)


def test_a_stop_stores_what_was_read_and_ends(bus, publisher, running, until_stored, stored):
    with running("one") as one:
        publisher.publish(quotes(100))
        until_stored(1)
        one.end()

    assert group_state(bus).pending == 0
    assert len(stored()) == 100 - group_state(bus).lag


def test_a_stop_while_the_database_refuses_connections_ends_and_leaves_the_entries(bus, publisher, running, nowhere):
    publisher.publish(quotes(10))

    with running("one", sessions=nowhere) as one:
        until(lambda: bus.hget(keys.ingest_health("one"), "state") == "waiting_for_postgres")
        until(lambda: "Connection refused" in bus.hget(keys.ingest_health("one"), "error"))
        assert bus.exists(keys.ingest_lease("one"))

        totals = one.end(within_s=10)

    assert (group_state(bus).pending, totals.written) == (10, 0)
    assert not bus.exists(keys.ingest_lease("one"))


def test_a_stop_while_the_database_hangs_ends_and_leaves_the_entries(bus, publisher, running, sessions, drain, stored):
    publisher.publish(quotes(10))

    with sessions.begin() as holder:
        holder.execute(text("LOCK TABLE ticks IN ACCESS EXCLUSIVE MODE"))
        with running("one") as one:
            until(lambda: group_state(bus).pending == 10)

            one.end(within_s=10)
        assert group_state(bus).pending == 10

    drain("one")
    assert stored() == numbers(10)


@pytest.mark.parametrize("next_name", ["one", "still"])
def test_an_ingestor_that_stands_still_in_its_work_does_not_hold_up_the_next(
    bus, raw_bus, publisher, drain, stored, engine, sessions, next_name
):
    hasty = create_engine(engine.url, connect_args={"options": "-c timezone=UTC -c lock_timeout=300ms"})
    publisher.publish(quotes(20))
    still = GroupReader(raw_bus, "still")
    still.join()
    still.ask_new(5, 10)
    assert len(still.take_new()) == 5
    with sessions() as standing:
        name_session(standing, "still")
        standing.execute(LOCK_TICKS)

        drain(next_name, sessions=sessionmaker(hasty), lost_after_ms=0, recover_every_s=0.05)

        with pytest.raises(OperationalError):
            standing.execute(text("SELECT 1"))
        standing.invalidate()
    still.leave()
    hasty.dispose()
    assert stored() == list(range(1, 21))


class Gate:
    """Sessions that nobody gets while the gate is shut."""

    def __init__(self, sessions):
        self._sessions, self._is_open = sessions, Event()

    def open(self):
        self._is_open.set()

    def begin(self):
        self._is_open.wait()
        return self._sessions.begin()

    def __call__(self):
        self._is_open.wait()
        return self._sessions()


@pytest.fixture
def gate(sessions, monkeypatch):
    monkeypatch.setattr("app.ingest.run.STANDS_STILL_AFTER_S", 2.0)
    gate = Gate(sessions)
    yield gate
    gate.open()


def test_an_ingestor_that_stands_still_lets_others_take_over_and_goes_on_when_it_wakes(
    bus, publisher, gate, running, drain, stored, until_stored, sessions
):
    publisher.publish(quotes(10))
    with running("still", sessions=gate) as still:
        until(lambda: group_state(bus).pending == 10 and not bus.exists(keys.ingest_lease("still")))
        drain("living", **QUICK)
        assert (stored(), group_state(bus).behind) == (numbers(10), 0)

        gate.open()
        publisher.publish(quotes(5, first_seq=11))
        until_stored(15)
        until(lambda: bus.exists(keys.ingest_lease("still")))
        totals = still.end()

    assert (stored(), duplicates(sessions), lost(sessions)) == (numbers(15), 0, 0)
    assert (totals.written, group_state(bus).behind) == (5, 0)


def test_an_ingestor_that_stood_still_leaves_its_name_to_the_one_that_took_it(
    bus, publisher, gate, running, stored, until_stored, sessions
):
    publisher.publish(quotes(10))
    with running("one", sessions=gate) as still:
        until(lambda: group_state(bus).pending == 10 and not bus.exists(keys.ingest_lease("one")))
        with running("one", **QUICK) as successor:
            until_stored(10)
            gate.open()
            assert isinstance(still.failure(), Conflict)
            publisher.publish(quotes(5, first_seq=11))
            until(lambda: len(stored()) == 15 and group_state(bus).behind == 0)
            successor.end()

    assert (stored(), duplicates(sessions), lost(sessions)) == (numbers(15), 0, 0)


def test_waiting_for_a_server_is_not_standing_still(bus, publisher, running, nowhere, monkeypatch):
    monkeypatch.setattr("app.ingest.run.LONGEST_WAIT_S", 0.1)
    monkeypatch.setattr("app.ingest.run.STANDS_STILL_AFTER_S", 1.0)
    publisher.publish(quotes(10))

    with running("one", sessions=nowhere):
        until(lambda: bus.hget(keys.ingest_health("one"), "state") == "waiting_for_postgres")
        begun_ms = int(bus.hget(keys.ingest_health("one"), "at_ms"))
        # It beats for longer than it may stand still.
        until(lambda: int(bus.hget(keys.ingest_health("one"), "at_ms")) > begun_ms + 2000)

        assert bus.exists(keys.ingest_lease("one"))


def test_a_stop_while_redis_is_away_ends(relay, running):
    with running("one", **relay.clients) as one:
        relay.close()

        one.end(within_s=10)


def test_a_stop_before_the_start_does_nothing(bus, publisher, ingestor, stored):
    publisher.publish(quotes(10))
    stop = Event()
    stop.set()

    ingestor("one").run(stop)

    assert (stored(), group_state(bus).behind) == ([], 10)


def test_what_is_stored_can_be_trimmed_and_ingest_goes_on(bus, publisher, drain, stored, rt):
    publisher.publish(quotes(1_000))
    drain()

    trimmed = trim_stored(bus, rt.clock.now() + timedelta(hours=1), window_s=0).entries
    publisher.publish([quote(seq=1_001, ts=MOMENT + timedelta(seconds=1))])
    drain()

    assert trimmed > 0
    assert stored() == numbers(1_001)


def lost(sessions):
    with sessions() as session:
        return session.scalar(select(func.coalesce(func.sum(Loss.count), 0)))


def duplicates(sessions):
    with sessions() as session:
        return session.scalar(select(func.coalesce(func.sum(DuplicateCount.count), 0)))


def announced(bus):
    return sum(int(fields["count"]) for _entry_id, fields in bus.xrange(keys.LOSSES))


@pytest.mark.parametrize(
    ("left", "pending_lost", "unread_lost"), [(500, 100, 400), (950, 50, 0), (900, 100, 0), (0, 100, 900)]
)
def test_a_trim_from_outside_is_counted_to_the_entry(
    bus, raw_bus, publisher, drain, stored, sessions, left, pending_lost, unread_lost
):
    publisher.publish(quotes(1_000))
    deliver(raw_bus, "one", 60)
    deliver(raw_bus, "dead", 40)
    bus.xtrim(keys.STREAM, maxlen=left, approximate=False)

    drain("one", batch_size=150, **QUICK)
    drain("one", **QUICK)

    assert stored() == numbers(left, first=1_001 - left)
    assert (lost(sessions), announced(bus)) == (pending_lost, unread_lost)
    assert group_state(bus).behind == 0


def test_a_group_that_was_destroyed_goes_on_where_it_left_off(bus, publisher, drain, sessions, stored, rt):
    publisher.publish(quotes(100))
    drain("one")
    with sessions.begin() as session:
        save_position(session, keys.INGEST_GROUP, *acknowledged_position(bus), rt.clock.now())
    bus.xgroup_destroy(keys.STREAM, keys.INGEST_GROUP)
    publisher.publish(quotes(5, first_seq=101))

    totals = drain("one")

    assert (totals.read, totals.written, stored()) == (5, 5, numbers(105))


def test_entries_that_a_new_group_is_given_again_are_not_counted_again(bus, publisher, drain, sessions, stored):
    publisher.publish(quotes(100))
    publisher.publish(quotes(20))
    drain("one")
    bus.xgroup_destroy(keys.STREAM, keys.INGEST_GROUP)
    publisher.publish(quotes(5, first_seq=101))

    totals = drain("two", batch_size=30)

    assert (totals.read, totals.written, stored()) == (125, 5, numbers(105))
    assert duplicates(sessions) == 20


def test_acknowledgements_that_get_lost_add_nothing_to_the_counts(
    bus, relay, publisher, running, until_stored, sessions
):
    with running("one", **relay.clients, **QUICK):
        for first in range(1, 101, 10):
            publisher.publish(quotes(10, first_seq=max(1, first - 5)))
            relay.cut()
            until_stored(first + 4 if first > 1 else 10)
        until(lambda: group_state(bus).behind == 0)

    assert duplicates(sessions) == 100 - 95


def test_a_full_stream_is_stored_in_the_order_of_reading_whatever_the_batch(publisher, drain, stored):
    for first in range(1, 4_001, 1000):
        publisher.publish(quotes(1000, first_seq=first))

    totals = drain("one", batch_size=999)

    assert (totals.read, stored()) == (4_000, numbers(4_000))


def test_the_beats_go_on_while_the_database_hangs(bus, publisher, running, sessions, until_stored):
    publisher.publish(quotes(10))

    with running("one") as one, sessions.begin() as holder:
        until_stored(10)
        holder.execute(text("LOCK TABLE ticks IN ACCESS EXCLUSIVE MODE"))
        publisher.publish(quotes(10, first_seq=11))
        until(lambda: group_state(bus).pending == 10)
        bus.delete(keys.ingest_health("one"))
        until(lambda: bus.hget(keys.ingest_health("one"), "read") == "10")

        one.end(within_s=10)
        assert not bus.exists(keys.ingest_lease("one"))


def test_an_error_that_no_waiting_mends_ends_the_ingestor(bus, publisher, running, sessions):
    with sessions.begin() as session:
        session.execute(text("ALTER TABLE ticks RENAME COLUMN last TO latest"))
    try:
        with running("one") as one:
            publisher.publish(quotes(1))

            assert isinstance(one.failure(), ProgrammingError)
        assert not bus.exists(keys.ingest_lease("one"))
    finally:
        with sessions.begin() as session:
            session.execute(text("ALTER TABLE ticks RENAME COLUMN latest TO last"))
