from sqlalchemy import select

from app.bus import keys
from app.ingest.dead_letters import announce_dead_letters, count_dead_letters, save_dead_letters
from app.ingest.rows import Reject
from app.ledger.models import DeadLetter


def reject(number=1, words=(b"symbol", b"ES"), reason="ts missing"):
    return Reject(b"%d-0" % number, reason, list(words))


def test_a_reject_is_kept_with_its_reason_and_words(db_session):
    save_dead_letters(db_session, [reject(words=(b"symbol", b"E\xff", b"a\x00b", b"1"))])

    kept = db_session.scalars(select(DeadLetter)).one()
    assert (kept.stream_id, kept.reason) == ("1-0", "ts missing")
    assert kept.fields == {"symbol": {"base64": "Rf8="}, "a\\x00b": "1"}


def test_a_reject_is_kept_once_however_often_it_comes(db_session):
    save_dead_letters(db_session, [reject(1), reject(2)])
    save_dead_letters(db_session, [reject(2, reason="again"), reject(3)])

    assert count_dead_letters(db_session) == 3
    assert db_session.scalar(select(DeadLetter.reason).where(DeadLetter.stream_id == "2-0")) == "ts missing"


def test_no_rejects_are_no_dead_letters(db_session):
    save_dead_letters(db_session, [])

    assert count_dead_letters(db_session) == 0


def test_a_reject_of_any_bytes_is_announced_in_the_stream_of_dead_letters(bus, raw_bus):
    announce_dead_letters(raw_bus, [reject(words=(b"symbol", b"E\xff\x00", b"\xff", b"x" * 10_000))])

    [(_, fields)] = raw_bus.xrange(keys.DEAD_STREAM)
    assert fields == {
        b"stream_id": b"1-0",
        b"reason": b"ts missing",
        b"field:symbol": b"E\xff\x00",
        b"field:\xff": b"x" * 4096,
    }
