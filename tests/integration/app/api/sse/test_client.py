import contextlib
import socket
import threading

import pytest

from app.api.sse.client import Client
from app.api.sse.mailbox import Mailbox


def test_a_peer_that_is_there_is_not_gone_whether_it_sends_or_not(pair):
    ours, theirs = pair
    client = Client(Mailbox(None, limit=8), ours)

    silent = client.is_gone()
    theirs.send(b"x")

    assert (silent, client.is_gone()) == (False, False)
    assert ours.recv(1) == b"x"


def test_a_peer_that_hung_up_is_gone(pair):
    ours, theirs = pair

    theirs.close()

    assert Client(Mailbox(None, limit=8), ours).is_gone()


def test_a_connection_that_ended_here_is_gone_and_cutting_it_again_is_no_fault(pair):
    ours, _theirs = pair
    client = Client(Mailbox(None, limit=8), ours)

    ours.close()
    client.bound(30)
    client.cut()

    assert client.is_gone()


def test_a_cut_ends_a_send_that_is_held_up(pair):
    ours, _theirs = pair
    client = Client(Mailbox(None, limit=8), ours)
    client.bound(30)
    ended = []

    def send():
        try:
            ours.sendall(b"x" * 50_000_000)
        except OSError as error:
            ended.append(error)

    sender = threading.Thread(target=send)
    sender.start()
    client.cut()
    sender.join(20)

    assert len(ended) == 1
    assert client.mailbox.take(0) is None


def test_the_kernel_holds_little_for_a_client_that_does_not_read(pair):
    ours, _theirs = pair

    Client(Mailbox(None, limit=8), ours).bound(30)

    assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 65_536


def test_a_server_that_gives_no_socket_is_served_too():
    client = Client(Mailbox(None, limit=8), None)

    client.bound(30)
    client.cut()

    assert not client.is_gone()
    assert client.mailbox.take(0) is None


@pytest.fixture
def pair():
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        theirs = stack.enter_context(socket.create_connection(listener.getsockname()))
        ours = stack.enter_context(listener.accept()[0])
        yield ours, theirs
