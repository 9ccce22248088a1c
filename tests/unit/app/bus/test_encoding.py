from datetime import timedelta

import hiredis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bus.encoding import Batch, encode, encode_events, pack_call
from app.errors import Rejected
from app.quotes import to_fields
from tests.factories import DAY, MOMENT, quote, quotes
from tests.strategies import quotes as any_quotes


def unpacked(batch):
    """The words of a batch, as the server gets them."""
    reader = hiredis.Reader(encoding="utf-8")
    reader.feed(pack_call(("CALL", 7), batch))
    found = reader.gets()
    assert found[:2] == ["CALL", "7"]
    return found[2:]


def decoded(batch):
    """What the publish script makes of a batch: ranks of the newest events, and all events."""
    words = iter(unpacked(batch))
    newest = [(next(words), next(words), int(next(words))) for _ in range(int(next(words)))]
    layouts = []
    for _ in range(int(next(words))):
        template = [next(words) for _ in range(int(next(words)))]
        layouts.append((template, [int(next(words)) for _ in range(int(next(words)))]))
    events = []
    for layout in words:
        template, slots = layouts[int(layout) - 1]
        event = list(template)
        for slot in slots:
            event[slot - 1] = next(words)
        events.append(event)
    return newest, events


@given(st.lists(any_quotes(), min_size=1, max_size=20))
def test_every_event_arrives_word_for_word(some):
    alike = [one._replace(source="REPLAY") for one in some]

    _newest, events = decoded(encode(alike))

    assert events == [to_fields(one) for one in alike]


@given(st.lists(any_quotes(), min_size=1, max_size=20))
def test_the_last_number_of_each_day_and_epoch_is_told_without_its_epoch(some):
    alike = [one._replace(source="EXCEL") for one in some]
    expected = {}
    for one in alike:
        name = f"{one.session_date}#{one.seq // 2**32}"
        expected[name] = max(expected.get(name, 0), one.seq % 2**32)

    assert encode(alike).numbers == expected


def test_a_replay_tells_no_last_number():
    assert encode(quotes(3, source="REPLAY")).numbers == {}


def test_what_events_have_in_common_is_said_once():
    few, many = encode(quotes(10)), encode(quotes(20))

    assert many.arguments - few.arguments < 10 * len(to_fields(quote())) / 2


def test_the_newest_of_each_symbol_is_the_latest_by_time_and_then_by_number():
    later = MOMENT + timedelta(microseconds=1)
    some = [
        quote(seq=9, ts=later),
        quote(seq=10, ts=later),
        quote(seq=11),
        quote(seq=12, symbol="NQ"),
        quote(seq=5, symbol="NQ"),
    ]

    newest, _events = decoded(encode(some))

    assert [(seq, place) for _ts, seq, place in newest] == [("10", 2), ("12", 4)]


def test_events_are_counted_by_trading_day_and_symbol():
    other = DAY + timedelta(days=1)
    some = [quote(seq=1), quote(seq=2, bid=None), quote(seq=3, symbol="NQ"), quote(seq=4, session_date=other)]

    assert encode(some).counts == {f"{DAY}|ES": 2, f"{DAY}|NQ": 1, f"{other}|ES": 1}


def test_batches_of_the_same_events_are_equal_and_others_are_not():
    assert encode(quotes(3)) == encode_events([to_fields(one) for one in quotes(3)])
    assert encode(quotes(3)) != encode(quotes(3, first_seq=2))
    assert encode(quotes(3)) != encode(quotes(2))
    assert isinstance(encode(quotes(1)), Batch)


@pytest.mark.parametrize("some", [[], [quote(), quote(source="EXCEL")]], ids=["none", "two sources"])
def test_a_batch_is_of_one_source(some):
    with pytest.raises(Rejected, match="exactly one source"):
        encode(some)
