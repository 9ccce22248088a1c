import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    connect, attempts = socket.socket.connect, list[Any]()
    # Threads that other tests have left are those tests' affair.
    before = set(threading.enumerate()) - {threading.current_thread()}

    def refuse(self: socket.socket, address: Any) -> None:
        if self.family == socket.AF_UNIX:
            return connect(self, address)
        if threading.current_thread() in before:
            return connect(self, address)
        attempts.append(address)
        self.close()
        raise AssertionError(f"a unit test must not connect to {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    yield
    assert not attempts, f"a unit test must not connect to {attempts}, whoever swallows the refusal"
