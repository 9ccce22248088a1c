"""Connections to an address that was checked, all of whose work ends in time."""

import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore


class PinnedBackend(httpcore.NetworkBackend):
    """Connects to one address, which `host` was found to have, and ends everything at `deadline_s` of
    `time.monotonic`.

    The name of the host is used for TLS alone, and never looked up again; another one is not connected to.
    """

    def __init__(self, host: str, address: str, deadline_s: float) -> None:
        self._host, self._address = host, address
        self._deadline_s = deadline_s
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the address, on the port that was asked for."""
        if host != self._host:
            raise httpcore.ConnectError("the address is that of another host")
        left_s = _left_s(self._deadline_s, timeout, httpcore.ConnectTimeout)
        stream = self._network.connect_tcp(self._address, port, left_s, local_address, socket_options)
        return _BoundedStream(stream, self._deadline_s)


class _BoundedStream(httpcore.NetworkStream):
    """A stream of which no part takes longer than until the deadline, however slowly its bytes come."""

    def __init__(self, stream: httpcore.NetworkStream, deadline_s: float) -> None:
        self._stream = stream
        self._deadline_s = deadline_s

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left_s(self._deadline_s, timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left_s(self._deadline_s, timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left_s = _left_s(self._deadline_s, timeout, httpcore.ConnectTimeout)
        return _BoundedStream(self._stream.start_tls(ssl_context, server_hostname, left_s), self._deadline_s)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left_s(deadline_s: float, most_s: float | None, error: type[httpcore.TimeoutException]) -> float:
    left_s = deadline_s - time.monotonic()
    if left_s <= 0:
        raise error("no time is left")
    return left_s if most_s is None else min(left_s, most_s)
