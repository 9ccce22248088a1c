"""Standard output that cannot be written, because the disk is full, its reader is gone, or it was closed before."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import click

_UNWRITABLE: Final = (errno.ENOSPC, errno.EPIPE, errno.EIO, errno.EBADF, errno.EFBIG)

if sys.stdout is None:
    # What a command opens first would take the place of what it was not given, and be written to.
    sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")


@contextmanager
def written_out(code: int) -> Iterator[None]:
    """Leave with `code` when what was printed in the block cannot be written: with one line on standard error, or
    without a word where the reader went away, as `head` does."""
    fault = None
    try:
        yield
    except OSError as error:
        if error.filename is not None or error.errno not in _UNWRITABLE:
            raise
        fault = error
    finally:
        fault = fault or _unwritten()
        if fault is not None:
            _let_go()
            if not isinstance(fault, BrokenPipeError):
                click.echo(f"error: the output cannot be written: {fault.strerror}", err=True)
            sys.exit(code)


def _unwritten() -> OSError | None:
    # What could not be written is kept, unless nothing is, and is tried again here.
    try:
        sys.stdout.flush()
    except OSError as error:
        return error
    return None


def _let_go() -> None:
    # The interpreter writes what is left at its end, and would complain then.
    with suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)
