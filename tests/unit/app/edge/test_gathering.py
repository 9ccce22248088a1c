import pytest
from hypothesis import given, strategies

from app.edge.gathering import Gathered, Unfit

HEAD = b"GET /api/quotes HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
WHOLE = [
    HEAD,
    POST + b"Content-Length: 0\r\n\r\n",
    POST + b"content-length:5\r\n\r\nabcde",
    CHUNKED + b"5\r\nabcde\r\n0\r\n\r\n",
    CHUNKED + b"5;name=value\r\nabcde\r\nA\r\n0123456789\r\n0\r\n\r\n",
]


@pytest.mark.parametrize("request_bytes", WHOLE)
def test_a_request_is_whole_with_its_last_byte_and_not_before(request_bytes):
    gathered = Gathered()

    for place in range(len(request_bytes)):
        assert not gathered.is_whole(), request_bytes[:place]
        gathered.add(request_bytes[place : place + 1])

    assert gathered.is_whole()
    assert gathered.content() == request_bytes


def test_what_follows_a_whole_request_is_kept():
    gathered = Gathered(HEAD + b"GET /next")

    assert gathered.is_whole()
    assert gathered.content() == HEAD + b"GET /next"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000, 431),
        (b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 20_000 + b"\r\n", 431),
        (POST + b"Content-Length: 1000001\r\n\r\n", 413),
        (POST + b"Content-Length: 999999999999999999\r\n\r\n", 413),
        (CHUNKED + b"F4241\r\n", 413),
        (CHUNKED + b"7A120\r\n" + b"a" * 500_000 + b"\r\n" + (b"400\r\n" + b"a" * 1024 + b"\r\n") * 1_500, 413),
    ],
)
def test_a_request_that_is_too_large_is_known_before_it_is_there(request_bytes, status):
    with pytest.raises(Unfit) as caught:
        Gathered(request_bytes).is_whole()

    assert caught.value.status == status


@pytest.mark.parametrize("size", [b"-5", b"+5", b"0x5", b"5_0", b"", b"zz", b"123456789", b"5 5"])
def test_a_chunk_that_is_malformed_is_refused(size):
    with pytest.raises(Unfit) as caught:
        Gathered(CHUNKED + size + b"\r\n").is_whole()

    assert caught.value.status == 400


@pytest.mark.parametrize("rest", [b"5\r\nabcdeX", b"0\r\nTrailer: x\r\n\r\n", b"5" * 300])
def test_what_is_no_end_of_a_chunk_is_refused(rest):
    with pytest.raises(Unfit):
        Gathered(CHUNKED + rest).is_whole()


def test_the_size_of_a_chunk_is_waited_for():
    assert not Gathered(CHUNKED + b"5" * 8).is_whole()


def test_a_client_that_expects_a_word_gets_it_once():
    gathered = Gathered(POST + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")

    assert not gathered.is_whole()
    assert [gathered.take_expectation(), gathered.take_expectation()] == [True, False]


@given(strategies.binary(max_size=300))
def test_any_bytes_are_waited_for_or_handed_over_or_too_large(data):
    for head in (b"", CHUNKED):
        gathered = Gathered(head)
        for place in range(len(data)):
            gathered.add(data[place : place + 1])
            try:
                if gathered.is_whole():
                    break
            except Unfit:
                break
