"""The log of a group of processes: every line with the name of the process that wrote it."""

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Sequence
from itertools import cycle
from typing import BinaryIO, TextIO

OWN_NAME = "thor"
_COLOURS = ("36", "33", "32", "35", "34", "96", "93", "92", "95", "94")
_OWN_COLOUR = "1"
_LONGEST_LINE_BYTES = 64 * 1024
_TAIL_LINES = 5


class GroupLog:
    """Writes lines as `name | text`, whole, from any thread; coloured names when asked.

    When nobody reads the output any more, the group goes on without a log.
    """

    def __init__(self, output: TextIO, names: Sequence[str], *, colour: bool) -> None:
        """Prepare the prefixes for these process names; others get one of the same width."""
        self._output = output
        self._width = max(len(name) for name in (*names, OWN_NAME))
        self._colours = {**dict(zip(names, cycle(_COLOURS), strict=False)), OWN_NAME: _OWN_COLOUR} if colour else {}
        self._lock = threading.Lock()

    def write(self, name: str, text: str) -> None:
        """Write one line."""
        prefix = f"{name:<{self._width}} |"
        if colour := self._colours.get(name):
            prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
        # A closed terminal or pipe must not take the processes down that it only watched.
        with self._lock, contextlib.suppress(OSError, ValueError):
            self._output.write(f"{prefix} {text}\n")
            self._output.flush()

    def say(self, text: str) -> None:
        """Write a line of the supervisor itself."""
        self.write(OWN_NAME, text)


class OutputPump:
    """Moves what a process writes into the log, line by line, until its pipe is closed at the other end."""

    def __init__(self, log: GroupLog, name: str, pipe: BinaryIO, on_line: Callable[[str], None]) -> None:
        """Start the thread that reads the pipe; `on_line` sees every line, from that thread."""
        self._log, self._name, self._pipe, self._on_line = log, name, pipe, on_line
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._thread = threading.Thread(target=self._run, name=f"log-{name}", daemon=True)
        self._thread.start()

    def last_words(self, patience_s: float) -> str:
        """The last line that is not blank, once the pipe is closed or patience has run out; empty without one."""
        self._thread.join(patience_s)
        return next((line for line in reversed(list(self._tail)) if line.strip()), "")

    def _run(self) -> None:
        with self._pipe:
            for raw in iter(lambda: self._pipe.readline(_LONGEST_LINE_BYTES), b""):
                text = raw.decode("utf-8", errors="replace").rstrip("\r\n")
                self._tail.append(text)
                self._log.write(self._name, text)
                self._on_line(text)
