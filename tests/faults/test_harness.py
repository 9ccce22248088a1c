"""The judge and the network of the scenarios: what they would have to see, they see."""

import socket
import threading
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from tests.factories import quote
from tests.faults.__main__ import main, play
from tests.faults.harness.checker import audit
from tests.faults.harness.ledger import Ledger
from tests.faults.scenario import Outcome, Scale, Scenario
from tests.proxy import relayed
from tests.waiting import until


def test_the_judge_is_content_when_everything_is_stored_once(sessions, ledger, store):
    store(ledger.event(index, 100 + index) for index in range(10))

    assert audit(sessions, ledger).wrong() == []


def test_the_judge_sees_what_was_accepted_and_is_not_stored(sessions, ledger, store):
    store(ledger.event(index, 100 + index) for index in range(8))

    found = audit(sessions, ledger)

    assert (found.acked, found.stored, found.lost, found.examples) == (10, 8, 2, (8, 9))
    assert len(found.wrong()) == 1


def test_the_judge_does_not_miss_what_was_in_doubt(sessions, ledger, store):
    ledger.attempt(10, [110])
    store(ledger.event(index, 100 + index) for index in range(10))

    assert audit(sessions, ledger).wrong() == []


@pytest.mark.parametrize(
    ("change", "doubled", "foreign"),
    [
        ({"seq": 999}, 1, 1),
        ({"seq": 999, "volume": 11}, 0, 1),
        ({"symbol": "CL"}, 1, 1),
        ({"seq": 999, "volume": 77}, 0, 1),
    ],
    ids=["stored under two numbers", "never attempted", "another symbol", "not of the ledger"],
)
def test_the_judge_sees_what_is_too_many(sessions, ledger, store, change, doubled, foreign):
    events = [ledger.event(index, 100 + index) for index in range(10)]

    store([*events, events[0]._replace(**change)])

    found = audit(sessions, ledger)
    assert (found.lost, found.doubled, found.foreign) == (0, doubled, foreign)


def test_the_judge_sees_prices_that_nobody_published(sessions, ledger, store):
    events = [ledger.event(index, 100 + index) for index in range(10)]

    store([events[0]._replace(last=quote().last), *events[1:]])

    assert audit(sessions, ledger).foreign == 1


def test_the_judge_sees_numbers_that_began_again(sessions, ledger, store):
    store(ledger.event(index, 100 + index) for index in range(10))
    ledger.attempt(10, [100])

    assert audit(sessions, ledger).reused == 1


def test_the_judge_sees_dead_letters(sessions, ledger, store):
    store(ledger.event(index, 100 + index) for index in range(10))
    with sessions.begin() as session:
        session.execute(text("INSERT INTO dead_letters (stream_id, reason, fields) VALUES ('1-1', 'bad', '{}')"))

    found = audit(sessions, ledger)

    assert found.wrong(dead=1) == []
    assert len(found.wrong()) == 1


def test_a_ledger_is_read_by_another_process_as_it_was_written(ledger):
    ledger.attempt(10, [110, 111])

    other = Ledger(ledger.path)

    assert (other.size, other.next_index, int(other.acked.sum()), int(other.seqs[11])) == (12, 12, 10, 111)


def test_a_relay_passes_everything_on_one_byte_at_a_time(echo):
    with echo() as (relay, client):
        relay.slice()
        client.sendall(b"slowly but surely")

        assert received(client, 17) == b"slowly but surely"


def test_a_relay_is_late_and_keeps_the_order(echo):
    with echo() as (relay, client):
        relay.delay(0.02, 0.01)
        for number in range(10):
            client.sendall(bytes([number]))

        assert received(client, 10) == bytes(range(10))


def test_a_relay_holds_back_what_comes_while_it_swallows(echo):
    with echo() as (relay, client):
        relay.swallow()
        client.sendall(b"held")
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(1)

        relay.restore()

        assert received(client, 4) == b"held"


def test_a_relay_resets_connections_somewhere_within_their_bytes(echo):
    with echo(lambda relay: relay.reset_within(50)) as (relay, client):
        with pytest.raises(ConnectionError):
            for _ in range(50):
                client.sendall(b"x" * 10)
                assert client.recv(100)
        until(lambda: relay.resets == 1)


def test_a_relay_loses_the_answers_to_those_requests_alone(echo):
    with echo(lambda relay: relay.lose_answers(b"two", times=1)) as (relay, client):
        client.sendall(b"one")
        assert received(client, 3) == b"one"

        client.sendall(b"two")

        assert client.recv(10) == b""
        assert relay.lost_answers == 1


def test_a_relay_outlives_a_server_that_is_away():
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    with relayed(f"tcp://127.0.0.1:{port}") as relay:
        with socket.create_connection(address(relay), timeout=10) as client:
            assert client.recv(1) == b""
        with socket.create_server(("127.0.0.1", port)) as server:
            server.settimeout(10)

            with socket.create_connection(address(relay)):
                server.accept()[0].close()


def test_a_scenario_that_breaks_off_has_failed_and_leaves_nothing_behind(capsys):
    directories = []

    def run(trial):
        directories.append(trial.directory)
        raise LookupError("nothing here")

    outcome = play(Scenario("broken", run), Scale.QUICK)

    assert outcome.wrong == ["it broke off: LookupError: nothing here"]
    assert not directories[0].exists()
    assert "FAILED" in capsys.readouterr().out


def test_a_scenario_that_takes_too_long_has_failed():
    outcome = play(Scenario("endless", lambda _trial: threading.Event().wait(), limit_s=0.1), Scale.QUICK)

    assert outcome.wrong == ["it broke off: TimeoutError: it took longer than 0.1 s"]


@pytest.mark.parametrize(
    ("outcome", "passed"), [(Outcome({}), True), (Outcome({}, ["bad"]), False), (Outcome({}, slow=["late"]), False)]
)
def test_a_scenario_passes_when_nothing_was_wrong_and_nothing_late(outcome, passed):
    assert outcome.passed is passed


def test_an_unknown_scenario_is_refused(capsys):
    assert main(["no-such"]) == 2
    assert "ingestor-kills" in capsys.readouterr().err


@pytest.fixture
def ledger(tmp_path):
    made = Ledger(tmp_path / "ledger", 12)
    made.attempt(0, range(100, 110))
    made.acknowledge(0, 10)
    return made


@pytest.fixture
def store(sessions):
    from app.ticks.partitions import ensure_partitions
    from app.ticks.store import append_ticks
    from tests.factories import lines

    def store(events):
        events = list(events)
        with sessions.begin() as session:
            ensure_partitions(session, {event.session_date for event in events})
            append_ticks(session, lines(*events))

    return store


@pytest.fixture
def echo():
    """A client of a server that sends everything back, by way of a relay."""

    def serve(server):
        connection, _ = server.accept()
        connection.settimeout(10)
        with connection:
            try:
                while data := connection.recv(1 << 16):
                    connection.sendall(data)
            except ConnectionError:
                return

    @contextmanager
    def connect(prepare=id):
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(10)
            thread = threading.Thread(target=serve, args=(server,))
            thread.start()
            with relayed(f"tcp://127.0.0.1:{server.getsockname()[1]}") as relay:
                prepare(relay)
                with socket.create_connection(address(relay), timeout=10) as client:
                    yield relay, client
            thread.join(10)

    return connect


def received(client, count):
    data = b""
    while len(data) < count and (more := client.recv(count - len(data))):
        data += more
    return data


def address(relay):
    parts = urlsplit(relay.url)
    return parts.hostname, parts.port
