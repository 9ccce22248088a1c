"""Several machines on this one: hosts with a network, a name, processes and a link of their own, and a server that they
know by its address alone.

    with server_network() as network, network.host("host-a") as host:
        host.start(command, environment, log)
        host.cut()

Everything is held by namespaces of Linux, which end with their last process: nothing has a name on the machine, and
nothing of it is left behind, however this process ends.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

import psutil

from app.local.child import wrapped
from tests.servers import ROOT
from tests.waiting import until

PREFIX: Final = "198.18.0"  # For tests of networks: no machine of the world has such an address.
SERVER: Final = f"{PREFIX}.1"
NEEDED: Final = ("ip", "unshare", "nsenter")
_CLONE_NEWNET: Final = 0x40000000
_OF_THIS_THREAD: Final = "/proc/thread-self/ns/net"
# The first process of a host: it gives the host its name, and sleeps until it is killed, and all others with it.
_INIT: Final = 'echo "$1" > /proc/sys/kernel/hostname && exec sleep infinity'


@dataclass
class Host:
    """A machine beside the server. Its processes see no other's, and reach the server over its link alone."""

    name: str
    link: str
    address: str
    _init: int = 0
    _is_gone: bool = False
    _started: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def inside(self, command: Sequence[str]) -> list[str]:
        """The command line that runs a command on this host."""
        # Whoever enters another view of the disk stands at its root.
        placed = ["env", f"--chdir={ROOT}", *command]
        return ["nsenter", "--target", str(self._init), "--net", "--uts", "--pid", "--mount", "--", *placed]

    def start(self, command: Sequence[str], environment: dict[str, str], log: Path) -> "subprocess.Popen[bytes]":
        """Start a process on the host; it ends with the host, or with this process."""
        with log.open("ab") as written:
            process = subprocess.Popen(
                wrapped(self.inside(command), os.getpid(), signal.SIGKILL),
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=written,
                start_new_session=True,
            )
        self._started.append(process)
        return process

    def run(self, command: Sequence[str], environment: dict[str, str], within_s: float = 60) -> tuple[int, str]:
        """Run a command on the host to its end: its exit code and what it said."""
        done = subprocess.run(
            self.inside(command),
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def cut(self) -> None:
        """Pull the cable: processes go on, and no packet comes through in either direction."""
        _run("ip", "link", "set", self.link, "down")

    def mend(self) -> None:
        """Put the cable back."""
        _run("ip", "link", "set", self.link, "up")

    def crash(self) -> None:
        """The whole machine is gone at once: its link first, so that nobody hears of the end of its processes."""
        if self._is_gone:
            return
        self._is_gone = True
        self.cut()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._init, signal.SIGKILL)
        for process in self._started:
            process.wait(20)
        self._started.clear()


@dataclass
class Network:
    """A switch, with the server's address on it."""

    _hosts: int = 0

    @contextlib.contextmanager
    def host(self, name: str) -> Iterator[Host]:
        """A host with a link to the switch, for the length of a block."""
        self._hosts += 1
        host = Host(name, f"host{self._hosts}", f"{PREFIX}.{self._hosts + 1}")
        with _init_process(name) as init:
            host._init = init
            _run("ip", "link", "add", host.link, "type", "veth", "peer", "name", "eth0", "netns", str(init))
            _run("ip", "link", "set", host.link, "master", "switch", "up")
            for words in (f"addr add {host.address}/24 dev eth0", "link set eth0 up", "link set lo up"):
                _run("nsenter", "--target", str(init), "--net", "--", "ip", *words.split())
            try:
                yield host
            finally:
                host.crash()


@contextlib.contextmanager
def server_network() -> Iterator[Network]:
    """Have this thread, and the processes and threads that it starts, be the server of a new network.

    OSError where the machine does not let us.
    """
    before = os.open(_OF_THIS_THREAD, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _call("unshare", _CLONE_NEWNET)
        try:
            for words in ("link set lo up", "link add switch type bridge", "link set switch up"):
                _run("ip", *words.split())
            _run("ip", "addr", "add", f"{SERVER}/24", "dev", "switch")
            yield Network()
        finally:
            _call("setns", before, _CLONE_NEWNET)
    finally:
        os.close(before)


@cache
def why_no_machines() -> str:
    """Why this machine cannot play several; empty where it can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "only root makes networks and machines, on Linux"
    if missing := [name for name in NEEDED if shutil.which(name) is None]:
        return f"{', '.join(missing)} is not installed"
    try:
        with server_network() as network, network.host("probe") as host:
            code, said = host.run(["hostname"], {"PATH": os.environ["PATH"]})
    except (OSError, subprocess.SubprocessError) as error:
        return f"this machine does not let us make networks: {error}"
    return "" if (code, said.strip()) == (0, "probe") else f"a host does not work: {said[:200]}"


@contextlib.contextmanager
def _init_process(name: str) -> Iterator[int]:
    own = ["--net", "--uts", "--pid", "--mount", "--mount-proc", "--fork", "--kill-child"]
    process = subprocess.Popen(
        wrapped(["unshare", *own, "--", "sh", "-c", _INIT, "init", name], os.getpid(), signal.SIGKILL),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # It says that it cannot go back to what is gone.
        start_new_session=True,
    )
    try:
        until(lambda: process.poll() is not None or _sleeps(process.pid), 10)
        if process.poll() is not None:
            raise OSError(f"unshare ended with {process.returncode}")
        yield psutil.Process(process.pid).children()[0].pid
    finally:
        process.kill()
        process.wait()


def _sleeps(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return any(child.name() == "sleep" for child in psutil.Process(pid).children())
    return False


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=20)
    if done.returncode:
        raise OSError(f"{' '.join(words)}: {done.stderr.strip()}")


def _call(name: str, *arguments: int) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
