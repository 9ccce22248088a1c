import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.collectors.schwab.frames import Notice, read_frame


def frame_of(told):
    return read_frame(json.dumps(told))


def data(*contents, service="LEVELONE_FUTURES", at=1765083430060):
    return {"service": service, "timestamp": at, "command": "SUBS", "content": list(contents)}


def test_a_frame_may_tell_of_several_services_and_keys():
    frame = frame_of(
        {"data": [data({"key": "/ES"}, {"key": "/NQ"}), data({"key": "SPY"}, service="LEVELONE_EQUITIES")]}
    )

    assert [(entry.service, entry.key) for entry in frame.entries] == [
        ("LEVELONE_FUTURES", "/ES"),
        ("LEVELONE_FUTURES", "/NQ"),
        ("LEVELONE_EQUITIES", "SPY"),
    ]
    assert (frame.entries[0].sent_ms, frame.damaged) == (1765083430060, 0)


def test_a_heartbeat_says_nothing_else():
    frame = frame_of({"notify": [{"heartbeat": "1765083440077"}]})

    assert (frame.entries, frame.notices, frame.response, frame.damaged) == ([], [], None, 0)


def test_a_notice_has_a_code_and_a_text():
    frame = frame_of({"notify": [{"service": "ADMIN", "content": {"code": 30, "msg": "Stop streaming"}}]})

    assert frame.notices == [Notice(30, "Stop streaming")]


def test_an_answer_is_handed_on_whole():
    told = {"response": [{"service": "ADMIN", "command": "LOGIN", "requestid": "0", "content": {"code": 0, "msg": ""}}]}

    assert frame_of(told).response == told


@pytest.mark.parametrize(
    "raw",
    [
        '{"data":[{"service":"LEVELONE',
        "[]",
        "null",
        "",
        b"\xff\xfe",
        "[" * 100_000,
        '{"data":{}}',
        '{"data":[1]}',
        '{"data":[{"service":1,"content":[]}]}',
        '{"data":[{"service":"LEVELONE_FUTURES"}]}',
        '{"data":[{"service":"LEVELONE_FUTURES","content":{"key":"/ES"}}]}',
        '{"data":[{"service":"LEVELONE_FUTURES","content":["/ES"]}]}',
        '{"data":[{"service":"LEVELONE_FUTURES","content":[{"1":1}]}]}',
        '{"notify":[{"content":{"code":"30"}}]}',
        '{"response":[]}',
        '{"response":[{"requestid":"x","content":{"code":0}}]}',
        '{"response":[{"requestid":"1"}]}',
    ],
)
def test_what_cannot_be_read_is_counted_and_no_error(raw):
    frame = read_frame(raw)

    assert (frame.damaged, frame.entries, frame.response) == (1, [], None)


def test_what_can_be_read_beside_it_is_kept():
    frame = frame_of({"data": [data({"key": "/ES"}, 7, {"key": "/NQ"}), {"service": "LEVELONE_EQUITIES"}]})

    assert ([entry.key for entry in frame.entries], frame.damaged) == (["/ES", "/NQ"], 2)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["data", "notify", "response", "content", "key", "code"]), inner, max_size=4)
    ),
)


@given(values)
def test_no_frame_is_an_error(told):
    frame = frame_of(told)

    assert frame.damaged >= 0
