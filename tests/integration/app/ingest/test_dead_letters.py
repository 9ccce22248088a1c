import pytest
from sqlalchemy import select

from app.bus import keys
from app.ingest.dead_letters import STREAM_KEPT, announce_dead_letters, count_dead_letters, save_dead_letters
from app.ingest.rows import Reject
from app.ledger.models import DeadLetter
from app.market.markets import market
from tests.factories import DAY, quotes, words
from tests.poison import NAMED, POISON


def reject(number=1, words=(b"symbol", b"ES"), reason="ts missing"):
    return Reject(b"%d-0" % number, reason, list(words))


@pytest.fixture
def save(db_session):
    return lambda *rejects: save_dead_letters(db_session, rejects, market().session_of)


@pytest.fixture
def kept(db_session):
    return lambda: db_session.scalars(select(DeadLetter).order_by(DeadLetter.id)).all()


def test_a_reject_is_kept_with_its_reason_and_words(save, kept):
    save(reject(words=(b"symbol", b"E\xff", b"a\x00b", b"1")))

    [letter] = kept()
    assert (letter.stream_id, letter.reason, letter.state) == ("1-0", "ts missing", "open")
    assert letter.fields == {"symbol": {"base64": "Rf8="}, "a\\x00b": "1"}


def test_a_reject_is_kept_once_however_often_it_comes_and_new_ones_are_counted(save, kept, db_session):
    assert save(reject(1), reject(2)) == 2
    assert save(reject(2, reason="again"), reject(3)) == 1

    assert count_dead_letters(db_session) == 3
    assert {letter.reason for letter in kept()} == {"ts missing"}


def test_no_rejects_are_no_dead_letters(save, kept):
    assert save() == 0
    assert kept() == []


def test_a_letter_tells_of_what_it_is_where_the_entry_does(save, kept):
    save(
        reject(1, words(last="x")),
        reject(2, words(symbol="es", source="MOON", ts="yesterday")),
        reject(3, words(ts="1970-01-01T00:00:00Z")),
        reject(4, words(symbol=None, ts="2025-10-09T22:00:00.000000Z")),
        reject(5, words(symbol=b"E\xff", source=b"\x00", ts="9999-12-31T23:59:59-14:00")),
    )

    assert [(one.source, one.symbol, str(one.session_date)) for one in kept()] == [
        ("REPLAY", "ES", str(DAY)),
        (None, None, "None"),
        ("REPLAY", "ES", "None"),
        ("REPLAY", None, "2025-10-10"),
        (None, None, "None"),
    ]


def test_a_letter_that_was_cut_says_so(save, kept):
    save(reject(1, words()), reject(2, words(note="x" * 5_000)))

    assert [letter.truncated for letter in kept()] == [False, True]


def test_very_many_and_very_large_rejects_at_once_are_kept(save, kept):
    large = [b"\xff%d" % (number % 32) + b"x" * 500 if number % 2 else b"n%d" % number for number in range(400)]

    assert save(*(reject(number, large, "x\x00" * 5_000) for number in range(1, 1_001))) == 1_000
    assert {letter.reason for letter in kept()} == {"x\\x00" * 200}


def test_a_reject_of_any_bytes_is_announced_in_the_stream_of_dead_letters(bus, raw_bus):
    announce_dead_letters(raw_bus, [reject(words=(b"symbol", b"E\xff\x00", b"\xff", b"x" * 10_000))])

    [(_, fields)] = raw_bus.xrange(keys.DEAD_STREAM)
    assert fields == {
        b"stream_id": b"1-0",
        b"reason": b"ts missing",
        b"field:symbol": b"E\xff\x00",
        b"field:\xff": b"x" * 200,
    }


def test_a_good_entry_with_one_bad_field_is_announced_whole(raw_bus):
    entry = words(last=b"NaN")

    announce_dead_letters(raw_bus, [reject(words=entry)])

    [(_, fields)] = raw_bus.xrange(keys.DEAD_STREAM)
    shown = {name.removeprefix(b"field:"): value for name, value in fields.items() if name.startswith(b"field:")}
    assert shown == dict(zip(entry[::2], entry[1::2], strict=True))


@pytest.mark.parametrize(
    "entry",
    [
        [b"symbol", b"x" * 60_000],
        [b"%d" % n + b"n" * 60_000 for n in range(40)],
        [word for n in range(5_000) for word in (b"%d" % n, b"1")],
        [b"\xff" * 300] * 64,
    ],
    ids=["a huge value", "huge names", "many fields", "64 fields"],
)
def test_a_letter_in_the_stream_takes_little_of_the_server_whatever_was_rejected(bus, raw_bus, entry):
    announce_dead_letters(raw_bus, [reject(number, entry, "x" * 5_000) for number in range(1, 501)])

    assert bus.memory_usage(keys.DEAD_STREAM, samples=0) * STREAM_KEPT // 500 < 40 << 20


def test_the_newest_letters_are_kept_in_the_stream(bus, raw_bus):
    announce_dead_letters(raw_bus, [reject(number) for number in range(1, STREAM_KEPT + 201)])

    assert STREAM_KEPT == 10_000
    assert STREAM_KEPT <= bus.xlen(keys.DEAD_STREAM) <= STREAM_KEPT + 100
    assert bus.xrevrange(keys.DEAD_STREAM, count=1)[0][1]["stream_id"] == f"{STREAM_KEPT + 200}-0"


def test_each_kind_of_poison_becomes_one_dead_letter_and_its_neighbours_are_stored(
    publisher, add, drain, stored, bus, sessions
):
    kinds = {}
    for seq, (kind, entry) in enumerate(POISON.items(), 1):
        publisher.publish(quotes(1, first_seq=seq))
        kinds[add(entry)] = kind

    drain(batch_size=50)
    bus.xgroup_setid(keys.STREAM, keys.INGEST_GROUP, 0)
    drain(batch_size=7)

    assert stored() == list(range(1, len(POISON) + 1))
    with sessions() as session:
        letters = session.execute(select(DeadLetter.stream_id, DeadLetter.reason)).all()
    reasons = {kinds[stream_id]: reason for stream_id, reason in letters}
    assert len(letters) == len(reasons) == len(POISON) >= 40
    assert {kind: reason for kind, reason in reasons.items() if NAMED[kind] not in reason} == {}


def test_every_kind_of_poison_tells_of_what_it_is_as_far_as_it_can(save, kept):
    save(*(reject(number, entry) for number, entry in enumerate(POISON.values(), 1)))

    letters = dict(zip(POISON, kept(), strict=True))
    assert all(
        one.source == "REPLAY" for kind, one in letters.items() if not kind.startswith(("source", "nothing", "5,000 f"))
    )
    assert letters["price NaN"].session_date == DAY
    assert letters["symbol missing"].symbol is None
