import json
from datetime import UTC, datetime

import pytest

from app.collectors.schwab.counts import Counts
from app.collectors.schwab.intake import Intake, StreamEnded
from app.collectors.schwab.listings import listings
from tests.fakes import FixedClock
from tests.hours import MARKETS

NOW = datetime(2025, 12, 7, 4, 57, 11, tzinfo=UTC)
FULL = {"key": "/ES", "delayed": False, "1": 6879.25, "2": 6879.5, "10": 1765083430010}


@pytest.fixture
def counts():
    return Counts()


@pytest.fixture
def intake(counts):
    return Intake(listings(["ES", "NQ"], NOW.date()), MARKETS.named("CME_Futures"), FixedClock(NOW), counts, limit=3)


def data(*contents):
    return json.dumps({"data": [{"service": "LEVELONE_FUTURES", "timestamp": 1765083430060, "content": contents}]})


def test_a_frame_of_data_becomes_quotes_and_leaves_nothing_for_the_library(intake):
    left = intake.take_frame(data(FULL, {**FULL, "key": "/NQ"}))

    assert left == {"notify": []}
    assert intake.ready.is_set()
    assert [quote.symbol for quote in intake.drain()] == ["ES", "NQ"]
    assert (intake.drain(), intake.ready.is_set(), intake.data_at) == ([], False, NOW)


def test_answers_are_left_for_the_library(intake):
    told = {"response": [{"service": "ADMIN", "command": "LOGIN", "requestid": "0", "content": {"code": 0, "msg": ""}}]}

    assert intake.take_frame(json.dumps(told)) == told


def test_a_notice_of_the_end_ends_the_stream(intake):
    with pytest.raises(StreamEnded, match="code 30: Stop streaming") as ended:
        intake.take_frame('{"notify":[{"service":"ADMIN","content":{"code":30,"msg":"Stop streaming"}}]}')

    assert ended.value.code == 30


def test_another_notice_ends_nothing(intake):
    raw = '{"notify":[{"service":"ADMIN","content":{"code":26,"msg":"SUBS command succeeded"}}]}'

    assert intake.take_frame(raw) == {"notify": []}


def test_quotes_that_nobody_takes_make_room_for_newer_ones_and_are_counted(intake, counts):
    for size in range(5):
        intake.take_frame(data({**FULL, "4": size}))

    assert [quote.bid_size for quote in intake.drain()] == [2, 3, 4]
    assert counts.dropped_messages == 2


def test_what_is_of_no_symbol_that_is_wanted_is_counted(intake, counts):
    intake.take_frame(data({**FULL, "key": "/CL"}))
    intake.take_quote("/CL", {"bidPrice": 60.0}, False)

    assert (intake.drain(), counts.unknown_keys, counts.entries) == ([], 2, 0)


def test_after_a_frame_that_cannot_be_read_nothing_of_before_is_merged_with(intake, counts):
    intake.take_frame(data(FULL))
    intake.take_frame('{"data":[{"service"')
    intake.take_frame(data({"key": "/ES", "2": 6880.0, "10": 1765083430500}))

    assert [(quote.bid is None, str(quote.ask)) for quote in intake.drain()] == [(False, "6879.50"), (True, "6880.00")]
    assert (intake.is_suspect, counts.malformed, counts.messages) == (True, 1, 3)


def test_a_value_that_cannot_be_read_calls_for_a_fresh_start(intake):
    intake.take_frame(data(FULL))
    assert not intake.is_suspect

    intake.take_frame(data({"key": "/ES", "1": "6880"}))

    assert intake.is_suspect


def test_a_connection_begins_with_nothing_known(intake):
    intake.take_frame(data(FULL, {"key": "/NQ", "1": "x"}))

    intake.begin()

    assert (intake.is_suspect, intake.merger.keys_known, intake.heard) == (False, 0, {"ES", "NQ"})


def test_symbols_whose_data_are_delayed_are_known(intake):
    intake.take_frame(data({**FULL, "delayed": True}))
    assert intake.delayed == {"ES"}

    intake.take_quote("/ES", {"bidPrice": 6881.0, "quoteTime": 1765083430900}, False)

    assert intake.delayed == set()
