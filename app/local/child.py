"""Run a command that gets a signal when its supervisor dies: `child.py --parent PID [--signal N] -- COMMAND…`.

It is started by path, with an interpreter that skips site-packages, so that it costs milliseconds; hence it imports
nothing of Thor. The death signal is a Linux feature; elsewhere the command is run as it is.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_NOT_FOUND, _NOT_RUNNABLE = 127, 126


def wrapped(command: list[str], parent: int, death_signal: int = signal.SIGTERM) -> list[str]:
    """The command line which runs this command so that it gets the signal when the process `parent` dies.

    A program that changes credentials clears the death signal: put it in front of this, not inside.
    """
    options = ["--parent", str(parent), "--signal", str(int(death_signal))]
    return [sys.executable, "-I", "-S", os.path.abspath(__file__), *options, "--", *command]  # noqa: PTH100


def main(arguments: list[str]) -> int:
    """Become the command after `--`; returns only on failure: 127 not found, 126 not runnable, 2 wrong usage."""
    try:
        split = arguments.index("--")
        options = dict(zip(arguments[:split:2], arguments[1:split:2], strict=True))
        parent = int(options.get("--parent", os.getppid()))
        death_signal = int(options.get("--signal", signal.SIGTERM))
        command = arguments[split + 1 :]
        name = command[0]
    except (ValueError, IndexError):
        return _fail("usage: child.py [--parent PID] [--signal N] -- COMMAND…", 2)
    _restore_signals()
    if sys.platform == "linux":
        _ask_for_death_signal(death_signal)
    if os.getppid() != parent:
        return _fail(f"{name} is not started: its supervisor has gone", _NOT_RUNNABLE)
    try:
        os.execvp(name, command)  # noqa: S606
    except FileNotFoundError:
        return _fail(f"cannot start {name}: no such program", _NOT_FOUND)
    except OSError as error:
        return _fail(f"cannot start {name}: {error.strerror}", _NOT_RUNNABLE)


def _restore_signals() -> None:
    # The interpreter ignores SIGPIPE, and a shell's background job ignores SIGINT: exec would hand both down.
    for name in ("SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGPIPE", "SIGXFSZ"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)


def _ask_for_death_signal(number: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0) != 0:
        sys.stderr.write(f"no death signal: {os.strerror(ctypes.get_errno())}\n")


def _fail(message: str, code: int) -> int:
    sys.stderr.write(message + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
