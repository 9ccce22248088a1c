import asyncio
import json
from types import SimpleNamespace

import httpx
import pytest

from app.collectors.schwab.rest import Denied, Throttled, ask_quotes, read_answer
from app.errors import Unavailable

QUOTE = {"bidPrice": 6879.25, "quoteTime": 1765083430010}


class FakeClient:
    """Answers every request for quotes in the same way."""

    Quote = SimpleNamespace(Fields=SimpleNamespace(QUOTE="quote", REFERENCE="reference"))

    def __init__(self, status, body=None, headers=None, text=None):
        content = json.dumps(body) if text is None else text
        self._response = httpx.Response(status, content=content, headers=headers)
        self.asked = []

    async def get_quotes(self, keys, *, fields):
        self.asked.append((list(keys), fields))
        return self._response


def asked(client, *keys):
    return asyncio.run(ask_quotes(client, keys))


def test_all_keys_are_asked_for_in_one_request():
    client = FakeClient(200, {"/ES": {"quote": QUOTE, "realtime": True}})

    answer = asked(client, "/ES", "/VX")

    assert client.asked == [(["/ES", "/VX"], ["quote", "reference"])]
    assert [(told.key, told.fields, told.is_delayed) for told in answer.quotes] == [("/ES", QUOTE, False)]


def test_the_contract_is_among_the_fields_and_delayed_data_say_so():
    entry = {"quote": QUOTE, "reference": {"futureActiveSymbol": "/ESZ25", "product": "/ES"}, "realtime": False}

    (told,) = read_answer({"/ES": entry}, ["/ES"]).quotes

    assert (told.fields, told.is_delayed) == ({**QUOTE, "futureActiveSymbol": "/ESZ25"}, True)


def test_keys_that_schwab_does_not_know_are_told():
    answer = read_answer({"errors": {"invalidSymbols": ["/NOPE", 7, "/ELSE"]}}, ["/ES", "/NOPE"])

    assert answer.unknown == {"/NOPE"}


@pytest.mark.parametrize("entry", [None, [], 7, {}, {"quote": None}, {"quote": [1]}])
def test_a_quote_that_cannot_be_read_is_counted(entry):
    answer = read_answer({"/ES": entry, "/NQ": {"quote": QUOTE}}, ["/ES", "/NQ"])

    assert ([told.key for told in answer.quotes], answer.malformed) == (["/NQ"], 1)


@pytest.mark.parametrize(
    ("status", "headers", "kind", "wait_s"),
    [
        (401, None, Denied, None),
        (403, None, Denied, None),
        (429, {"Retry-After": "17"}, Throttled, 17.0),
        (429, {"Retry-After": "99999"}, Throttled, 600.0),
        (429, {"Retry-After": "soon"}, Throttled, 0.0),
        (503, None, Throttled, 0.0),
        (404, None, Unavailable, None),
    ],
)
def test_an_answer_without_quotes_says_what_to_do(status, headers, kind, wait_s):
    with pytest.raises(kind, match=str(status)) as refused:
        asked(FakeClient(status, {}, headers), "/ES")

    assert getattr(refused.value, "wait_s", None) == wait_s


@pytest.mark.parametrize("text", ["<html>", "[]", "null", ""])
def test_a_page_that_is_no_answer_is_refused(text):
    with pytest.raises(Unavailable, match="no quotes"):
        asked(FakeClient(200, text=text), "/ES")
