"""Calls in threads of their own, so that one that hangs holds up neither the others nor the end of the process."""

from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from threading import Thread


def in_background(name: str, call: Callable[[], None]) -> "Future[None]":
    """Make the call in a thread of this name; the future tells when it is done, and its exception.

    What it logs is named like what its caller does.
    """
    future: Future[None] = Future()
    # A daemon, because the interpreter waits for every other thread, however long that hangs.
    Thread(target=copy_context().run, args=(_make, call, future), name=name, daemon=True).start()
    return future


def _make(call: Callable[[], None], future: "Future[None]") -> None:
    try:
        call()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(None)
