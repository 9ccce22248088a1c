import json
from datetime import timedelta

import pytest
from hypothesis import given, strategies

from app.api.sse.frames import ORIGIN, conflated, greeting, heartbeat, id_text, parse_id, read_event, reset, status
from app.errors import Rejected
from app.quotes import public_form
from tests.factories import DAY, MOMENT, wire


def test_an_event_is_its_id_its_name_and_the_quote_as_json():
    event = read_event(b"1760023800000-7", encoded(wire()), MOMENT, session_of)

    first, second, third, *end = event.frame.decode().split("\n")
    assert (event.id, event.symbol) == ((1760023800000, 7), "ES")
    assert (first, second, end) == ("id: 1760023800000-7", "event: quote", ["", ""])
    assert json.loads(third.removeprefix("data: ")) == public_form(wire())


@pytest.mark.parametrize(
    "fields",
    [
        wire(last="NaN"),
        wire(last="1e309"),
        wire(symbol="ES\ndata: forged"),
        wire(symbol=None),
        wire(seq="-1"),
        wire(ts="2025-10-09T15:30:00"),
        wire(contract=b"\xff\xfe"),
        {},
    ],
)
def test_an_entry_that_ingest_refuses_makes_no_event(fields):
    with pytest.raises(Rejected):
        read_event(b"1-1", encoded(fields), MOMENT + timedelta(seconds=1), session_of)


@pytest.mark.parametrize("text", ["0-0", "1760023800000-0", "18446744073709551615-18446744073709551615"])
def test_a_stream_id_is_read_and_written_alike(text):
    assert id_text(parse_id(text)) == text


@pytest.mark.parametrize(
    "text", ["", "abc", "1", "-1", "1-", "1-1-1", "+1-1", "1-1\n", "１-１", "18446744073709551616-0"]
)
def test_a_malformed_stream_id_is_rejected(text):
    with pytest.raises(Rejected):
        parse_id(text)


@given(strategies.text())
def test_any_text_is_a_stream_id_or_rejected_without_being_repeated(text):
    try:
        place = parse_id(text)
    except Rejected as error:
        assert len(text) < 20 or text not in str(error)
    else:
        assert max(place) < 2**64


def test_the_other_frames_are_whole():
    assert greeting(3210) == b": connected\nretry: 3210\n\n"
    assert heartbeat((5, 1)) == b": hb\nid: 5-1\n\n"
    assert heartbeat(ORIGIN) == b": hb\n\n"
    assert reset("expired", (5, 1)) == b'id: 5-1\nevent: reset\ndata: {"reason":"expired"}\n\n'
    assert status("away") == b'event: status\ndata: {"bus":"away"}\n\n'
    assert conflated(3) == b'event: conflated\ndata: {"count":3}\n\n'


def encoded(fields):
    return {name.encode(): value if isinstance(value, bytes) else value.encode() for name, value in fields.items()}


def session_of(_ts):
    return DAY
