import re
import threading
from types import SimpleNamespace

import pytest
from hypothesis import given, settings, strategies

from app.api.sse.frames import ORIGIN, id_text, newest_of
from app.api.sse.mailbox import CHUNK_BYTES, Mailbox
from tests.streams import event
from tests.waiting import until


def test_what_was_put_in_comes_out_once_and_in_order(mailbox):
    mailbox.offer([event(1), event(2)], event(2).id)
    mailbox.offer([event(3)], event(3).id)

    assert numbers(mailbox.take(0)) == [1, 2, 3]
    assert numbers(mailbox.take(0)) == []
    assert mailbox.sent == 3


def test_only_symbols_that_are_wanted_go_in():
    mailbox = Mailbox(frozenset({"NQ"}), limit=8)
    mailbox.open(ORIGIN)

    mailbox.offer([event(1, "ES"), event(2, "NQ"), event(3, "YM")], event(3).id)

    assert numbers(mailbox.take(0)) == [2]


def test_nothing_goes_in_before_it_is_opened():
    mailbox = Mailbox(None, limit=8)

    mailbox.offer([event(1)], event(1).id)
    mailbox.open(event(1).id)
    mailbox.offer([event(2)], event(2).id)

    assert numbers(mailbox.take(0)) == [2]


def test_events_up_to_the_place_of_opening_are_left_out():
    mailbox = Mailbox(None, limit=8)
    mailbox.open(event(2).id)

    mailbox.offer([event(1)], event(1).id)
    mailbox.offer([event(2), event(3)], event(3).id)

    assert numbers(mailbox.take(0)) == [3]


def test_an_overflow_keeps_the_newest_of_each_source_of_a_symbol():
    mailbox = Mailbox(None, limit=4)
    mailbox.open(ORIGIN)
    sources = ["EXCEL", "SCHWAB", "SCHWAB", "EXCEL", "SCHWAB"]

    for number, source in enumerate(sources, 1):
        mailbox.offer([event(number)._replace(source=source)], event(number).id)

    chunk = mailbox.take(0)
    assert [b"data: %d\n" % number in chunk for number in range(1, 6)] == [False, False, False, True, True]


def test_what_is_told_of_the_sources_goes_ahead_of_events_also_of_those_past_the_mailbox(mailbox):
    waiting = threading.Thread(target=lambda: taken.append(mailbox.take(10)))
    taken = []
    waiting.start()
    until(lambda: mailbox.pass_by([event(1)], event(1).id, lambda: None))

    mailbox.tell_sources(b"event: sources\ndata: 1\n\n")
    passed = mailbox.pass_by([event(2)], event(2).id, lambda: None)
    waiting.join(10)

    assert (passed, taken) == (False, [b"event: sources\ndata: 1\n\n"])


def test_silence_is_a_heartbeat_with_the_newest_id_that_was_read(mailbox):
    narrow = Mailbox(frozenset({"NQ"}), limit=8)
    narrow.open(ORIGIN)
    narrow.offer([event(1, "ES")], event(1).id)

    assert narrow.take(0) == f": hb\nid: {id_text(event(1).id)}\n\n".encode()
    assert mailbox.take(0) == b": hb\n\n"


def test_a_full_mailbox_keeps_the_newest_of_each_symbol_and_tells_how_many_it_left_out(mailbox):
    symbols = ["ES", "NQ", "ES", "ES", "NQ", "YM", "ES", "NQ", "ES"]

    mailbox.offer([event(n, symbol) for n, symbol in enumerate(symbols)], event(8).id)
    chunk = mailbox.take(0)

    assert chunk.startswith(b'event: conflated\ndata: {"count":6}\n\n')
    assert numbers(chunk) == [5, 7, 8]
    assert mailbox.conflated == 6


def test_more_symbols_than_places_leave_the_newest(mailbox):
    mailbox.offer([event(n, f"S{n}") for n in range(20)], event(19).id)

    assert numbers(mailbox.take(0)) == list(range(12, 20))
    assert mailbox.conflated == 12


@settings(max_examples=200)
@given(
    strategies.lists(
        strategies.one_of(
            strategies.lists(strategies.sampled_from(["ES", "NQ", "YM"]), min_size=1, max_size=20), strategies.none()
        ),
        max_size=20,
    )
)
def test_every_event_is_sent_or_counted_and_none_twice(steps):
    mailbox, number, got, told = Mailbox(None, limit=8), 0, [], 0
    mailbox.open(ORIGIN)
    for symbols in [*steps, None]:
        if symbols is None:
            chunk = mailbox.take(0)
            got += numbers(chunk)
            told += sum(map(int, re.findall(rb'"count":(\d+)', chunk)))
            continue
        batch = [event(number + i, symbol) for i, symbol in enumerate(symbols)]
        number += len(batch)
        mailbox.offer(batch, batch[-1].id, newest=newest_of(batch) if number % 2 else None)

    assert got == sorted(set(got))
    assert len(got) + told == number
    assert (mailbox.sent, mailbox.conflated) == (len(got), told)
    assert not number or got[-1] == number - 1


def test_a_chunk_is_bounded_and_the_rest_follows():
    mailbox = Mailbox(None, limit=4000)
    mailbox.open(ORIGIN)
    size = len(event(1).frame)
    mailbox.offer([event(n) for n in range(3000)], event(2999).id)

    chunks = [mailbox.take(0) for _ in range(8)]

    assert max(map(len, chunks)) < CHUNK_BYTES + size
    assert [n for chunk in chunks for n in numbers(chunk)] == list(range(3000))


def test_notices_go_ahead_of_events_and_can_be_taken_alone(mailbox):
    mailbox.offer([event(1)], event(1).id)
    mailbox.notify(b"event: status\n\n")

    assert mailbox.take(0, events=False) == b"event: status\n\n"
    assert mailbox.take(0, events=False) == b": hb\n\n"
    assert numbers(mailbox.take(0)) == [1]


def test_a_restart_forgets_what_waits_and_goes_on_behind_it(mailbox):
    mailbox.offer([event(1)], event(1).id)

    mailbox.restart(b"event: reset\n\n", event(5).id)
    mailbox.offer([event(5), event(6)], event(6).id)

    chunk = mailbox.take(0)
    assert chunk.startswith(b"event: reset\n\n")
    assert numbers(chunk) == [6]


def test_whoever_waits_is_woken_by_an_event_and_by_the_end(mailbox):
    got = []
    reader = threading.Thread(target=lambda: got.extend([mailbox.take(30), mailbox.take(30)]))
    reader.start()

    mailbox.offer([event(1)], event(1).id)
    mailbox.close()
    reader.join()

    assert got in ([event(1).frame, None], [None, None])


def test_a_client_is_stuck_only_while_it_has_something_to_take(mailbox):
    waiting_s = mailbox.stuck_s()
    mailbox.offer([event(1)], event(1).id)
    mailbox.take(0)
    sending_s = mailbox.stuck_s()
    mailbox.close()

    assert (waiting_s, mailbox.stuck_s()) == (0, 0)
    assert sending_s > 0


def test_events_pass_by_whoever_waits_for_them(mailbox, taking):
    sent = []

    until(lambda: mailbox.pass_by([event(1)], event(1).id, lambda: sent.append(1)))
    mailbox.offer([event(2)], event(2).id)

    assert (sent, mailbox.sent) == ([1], 1)
    assert numbers(taking()) == [2]


def test_events_do_not_pass_by_when_nobody_waits_or_others_are_ahead(mailbox, taking):
    idle = Mailbox(None, limit=8)
    idle.open(ORIGIN)
    until(lambda: mailbox.pass_by([event(1)], event(1).id, lambda: None))

    refused = [
        idle.pass_by([event(1)], event(1).id, fail),
        mailbox.pass_by([], event(2).id, fail),
        mailbox.pass_by([event(1)], event(1).id, nothing_can_be_sent),
    ]
    mailbox.close()

    assert refused == [False, False, False]
    assert taking() is None
    assert mailbox.pass_by([event(3)], event(3).id, fail) is False


def test_events_do_not_pass_by_before_the_place_at_which_the_client_began(mailbox, taking):
    until(lambda: mailbox.pass_by([event(1)], event(1).id, lambda: None))
    mailbox.open(event(5).id)

    assert mailbox.pass_by([event(5), event(6)], event(6).id, fail) is False

    mailbox.offer([event(5), event(6)], event(6).id)
    assert numbers(taking()) == [6]


def test_what_was_begun_is_finished_before_anything_else_is_taken(mailbox, taking):
    done = []
    until(lambda: mailbox.pass_by([event(1)], event(1).id, lambda: lambda: done.append("rest of 1")))
    mailbox.notify(b"event: status\n\n")
    mailbox.offer([event(2)], event(2).id)

    chunk = taking()

    assert done == ["rest of 1"]
    assert (chunk.startswith(b"event: status"), numbers(chunk)) == (True, [2])


def test_a_client_that_does_not_take_the_rest_of_what_was_begun_is_stuck_and_its_end_is_the_streams(mailbox, taking):
    cut = threading.Event()

    def finish():
        cut.wait(30)
        raise BrokenPipeError

    until(lambda: mailbox.pass_by([event(1)], event(1).id, lambda: finish))

    until(lambda: mailbox.stuck_s() > 0)
    cut.set()
    assert taking() is None


def test_what_passes_by_is_no_silence_and_yet_the_taker_has_its_turn(monkeypatch):
    now, taken = [100.0], []
    monkeypatch.setattr("app.api.sse.mailbox.time", SimpleNamespace(monotonic=lambda: now[0]))
    mailbox = Mailbox(None, limit=8)
    mailbox.open(ORIGIN)

    def take():
        while (chunk := mailbox.take(0.1)) is not None:
            taken.append(chunk)

    taker = threading.Thread(target=take)
    taker.start()
    now[0] = 100.05
    until(lambda: mailbox.pass_by([event(1)], event(1).id, lambda: None))
    now[0] = 100.12
    turns = len(taken)
    until(lambda: len(taken) > turns + 1)
    assert set(taken) == {b""}

    now[0] = 100.2
    until(lambda: any(chunk.startswith(b": hb\nid: ") for chunk in taken))
    mailbox.close()
    taker.join()


@pytest.fixture
def mailbox():
    made = Mailbox(None, limit=8)
    made.open(ORIGIN)
    return made


@pytest.fixture
def taking(mailbox):
    """Somebody who takes once; the call gives what was taken."""
    got = []
    taker = threading.Thread(target=lambda: got.append(mailbox.take(30)))
    taker.start()

    def taken():
        taker.join(30)
        return got[0]

    yield taken
    mailbox.close()
    taker.join()


def fail():
    raise AssertionError("it was to be left alone")


def nothing_can_be_sent():
    raise BlockingIOError


def numbers(chunk):
    return [int(number) for number in re.findall(rb"^data: (\d+)$", chunk, re.MULTILINE)]
