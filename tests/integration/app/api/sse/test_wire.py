import contextlib
import socket
import ssl
import threading
from types import SimpleNamespace

import pytest

from app.api.sse.client import Client
from app.api.sse.frames import ORIGIN
from app.api.sse.mailbox import Mailbox
from app.api.sse.wire import Wire, portion_of, wire_of
from tests.streams import event
from tests.waiting import until


def test_a_portion_holds_the_frames_of_the_symbols_asked_for():
    events = [event(1, "ES"), event(2, "NQ")]

    everything, some = portion_of(events, None), portion_of(events, frozenset({"NQ"}))

    assert everything.data == events[0].frame + events[1].frame
    assert (some.events, some.data) == ([events[1]], events[1].frame)
    assert some.chunk == b"%X\r\n%b\r\n" % (len(some.data), some.data)


@pytest.mark.parametrize("chunked", [True, False])
def test_a_portion_is_sent_in_the_framing_of_the_response(pair, chunked):
    ours, theirs = pair
    portion = portion_of([event(1)], None)

    rest = Wire(ours, chunked=chunked).send(portion)

    assert rest is None
    assert theirs.recv(4096) == (portion.chunk if chunked else portion.data)


def test_what_the_kernel_does_not_take_is_the_rest_and_then_nothing_is_taken(pair):
    ours, theirs = pair
    wire, portion = Wire(ours, chunked=True), portion_of([event(n) for n in range(200_000)], None)

    send_rest = wire.send(portion)
    with pytest.raises(BlockingIOError):
        wire.send(portion)
    sender = threading.Thread(target=send_rest)
    sender.start()

    assert received(theirs, len(portion.chunk)) == portion.chunk
    sender.join()


def test_a_connection_that_is_gone_takes_nothing(pair):
    ours, _theirs = pair
    ours.close()

    with pytest.raises(BlockingIOError):
        Wire(ours, chunked=True).send(portion_of([event(1)], None))


def test_a_client_gets_every_event_once_and_in_order_whoever_sends_it(pair):
    ours, theirs = pair
    client = Client(Mailbox(None, limit=10**6), ours, Wire(ours, chunked=False))
    client.mailbox.open(ORIGIN)
    thread = threading.Thread(target=write, args=(client, ours))
    thread.start()
    portions = [portion_of([event(first + n) for n in range(50)], None) for first in range(0, 40_000, 50)]
    reader = SimpleNamespace(data=b"")
    reading = threading.Thread(
        target=lambda: setattr(reader, "data", received(theirs, sum(len(p.data) for p in portions)))
    )
    reading.start()

    for portion in portions:
        client.hand(portion, portion.events[-1].id)
    reading.join(60)
    client.mailbox.close()
    thread.join()

    assert reader.data == b"".join(portion.data for portion in portions)
    assert client.mailbox.sent == 40_000


def test_a_client_without_a_wire_finds_everything_in_its_mailbox():
    client = Client(Mailbox(None, limit=8), None)
    client.mailbox.open(ORIGIN)

    client.hand(portion_of([event(1)], None), event(1).id)

    assert client.mailbox.take(0) == event(1).frame


def test_a_cut_ends_the_sending_of_a_rest(pair):
    ours, _theirs = pair
    wire = Wire(ours, chunked=True)
    client = Client(Mailbox(None, limit=8), ours, wire)
    client.mailbox.open(ORIGIN)
    portion, taken = portion_of([event(n) for n in range(200_000)], None), []
    thread = threading.Thread(target=lambda: taken.append(client.mailbox.take(30)))
    thread.start()
    until(lambda: client.mailbox.pass_by(portion.events, portion.events[-1].id, lambda: wire.send(portion)))

    until(lambda: client.mailbox.stuck_s() > 0)
    client.cut()
    thread.join(30)

    assert taken == [None]


@pytest.mark.parametrize(
    ("environ", "has_wire"),
    [
        ({"SERVER_PROTOCOL": "HTTP/1.1"}, True),
        ({"SERVER_PROTOCOL": "HTTP/1.0"}, True),
        ({"SERVER_PROTOCOL": "HTTP/2.0"}, False),
        ({}, False),
        ({"SERVER_PROTOCOL": "HTTP/1.1", "gunicorn.socket": None}, False),
    ],
)
def test_only_a_plain_connection_of_its_own_is_written_to(pair, environ, has_wire):
    assert (wire_of({"gunicorn.socket": pair[0], **environ}) is not None) == has_wire


def test_an_encrypted_connection_is_left_to_the_server(pair):
    context = ssl.create_default_context()
    with context.wrap_socket(pair[0], server_hostname="localhost", do_handshake_on_connect=False) as encrypted:
        assert wire_of({"gunicorn.socket": encrypted, "SERVER_PROTOCOL": "HTTP/1.1"}) is None


def write(client, connection):
    while (chunk := client.mailbox.take(30)) is not None:
        connection.sendall(chunk)


def received(connection, size):
    data = bytearray()
    while len(data) < size:
        data += connection.recv(1 << 16)
    return bytes(data)


@pytest.fixture
def pair():
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        theirs = stack.enter_context(socket.create_connection(listener.getsockname()))
        ours = stack.enter_context(listener.accept()[0])
        theirs.settimeout(60)
        yield ours, theirs
