"""Thor on several machines: servers, beat and control worker on one, workers on hosts that know its address alone."""

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil
from sqlalchemy import text

from app.bus import keys
from app.bus.hashes import read_hash
from tests.faults.harness.processes import Victim, victim
from tests.faults.harness.world import World, application, settings_of
from tests.faults.scenario import Scale, Trial
from tests.guards.compose import services
from tests.machines import PREFIX, SERVER, Host, Network, server_network
from tests.private_servers import private_postgres, private_valkey
from tests.waiting import until

HOSTS: Final = ("host-a", "host-b")
START_S: Final = 120.0
_ALLOWED: Final = f"host all all {PREFIX}.0/24 scram-sha-256\n"


@dataclass
class Site:
    """The server's world, and the hosts by their names; each keeps its state for itself, and the lake is shared."""

    world: World
    network: Network
    _stack: contextlib.ExitStack
    hosts: dict[str, Host] = field(default_factory=dict)
    _processes: dict[tuple[str, str], "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def boot(self, name: str) -> Host:
        """Have a host, new or started again after a crash, with the disk that it had."""
        self.hosts[name] = self._stack.enter_context(self.network.host(name))
        self.state_of(name).mkdir(exist_ok=True)
        return self.hosts[name]

    def state_of(self, name: str) -> Path:
        """The folder in which a host keeps what is its own."""
        return self.world.directory / name

    def environment(self, name: str, **settings: str) -> dict[str, str]:
        """What a process of a host is told: the servers' addresses, its own folder, and the lake."""
        known = {
            "database_url": _seen_from_outside(self.world.postgres.url),
            "redis_url": _seen_from_outside(self.world.valkey.url),
            "state_dir": str(self.state_of(name)),
            "data_dir": str(self.world.stores.lake.root),
        }
        return self.world.environment(**(known | settings))

    def start(self, name: str, command: Sequence[str], log: str, **settings: str) -> "subprocess.Popen[bytes]":
        """Start a process on a host."""
        process = self.hosts[name].start(command, self.environment(name, **settings), self._log(name, log))
        self._processes[name, log] = process
        return process

    def start_worker(self, name: str, queue: str, **settings: str) -> "subprocess.Popen[bytes]":
        """Start a queue's worker on a host, with the command line of a deployment."""
        return self.start(name, celery_command(f"worker-{queue}"), queue, **settings)

    def end(self, name: str, what: str) -> None:
        """Ask what was started last on a host under this log's name to end, and wait until it has."""
        process = self._processes[name, what]
        for child in psutil.Process(process.pid).children():
            child.terminate()
        process.wait(60)

    def log(self, name: str, what: str) -> str:
        """What a process of a host has said so far."""
        path = self._log(name, what)
        return path.read_text(errors="replace") if path.exists() else ""

    def other(self, name: str) -> str:
        """The host that is not this one."""
        [found] = {*HOSTS} - {name}
        return found

    def holder(self, lease: str) -> str:
        """The name of the host whose process holds a lease; empty while nobody does."""
        return read_hash(self.world.stores.redis, lease).get("host", "")

    def wait(self, condition: Callable[[], object], what: str, deadline_s: float = START_S) -> None:
        """Wait for something; AssertionError, with the ends of all logs, when it does not come true."""
        try:
            until(condition, deadline_s)
        except AssertionError:
            logs = sorted(self.world.directory.glob("*.log"))
            ends = "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-1500:]}" for path in logs)
            raise AssertionError(f"{what} did not come true\n{ends}") from None

    def _log(self, name: str, what: str) -> Path:
        return self.world.directory / f"{name}-{what}.log"


@contextlib.contextmanager
def site(trial: Trial, *, control: bool = True, **settings: str) -> Iterator[Site]:
    """A site for the length of a block, both hosts booted and nothing at work on them; with `control`, beat and the
    control worker run on the server, with these settings.

    This thread is the server meanwhile: what it connects to and starts is there.
    """
    durable = trial.scale is Scale.FULL
    listening = f"127.0.0.1,{SERVER}"
    with (
        contextlib.ExitStack() as stack,
        server_network() as network,
        private_postgres(trial.directory, durable=durable, listen_addresses=listening) as postgres,
        private_valkey(trial.directory, bind=listening.replace(",", " ")) as valkey,
        application(settings_of(trial.directory, postgres, valkey)) as stores,
        contextlib.ExitStack() as running,
    ):
        own = Site(World(trial.directory, postgres, valkey, stores), network, running)
        _let_in(own)
        for name in HOSTS:
            own.boot(name)
        if control:
            for one in _server_processes(own, stack, settings):
                one.start()
            own.wait(lambda: stores.redis.exists(keys.pulse("control")), "the control worker's first turn")
        yield own
        stack.close()


def celery_command(service: str) -> list[str]:
    """The command line of a service of docker-compose.yml, with this interpreter."""
    program, *words = services()[service]["command"]
    return [sys.executable, "-m", program, *words]


def _server_processes(own: Site, stack: contextlib.ExitStack, settings: dict[str, str]) -> list[Victim]:
    place = ["--schedule", str(own.world.directory / "schedule")]
    beat = [word for word in celery_command("beat") if word not in ("--schedule", "/tmp/beat-schedule")]
    commands = {"control": celery_command("worker-control"), "beat": [*beat, *place]}
    return [stack.enter_context(victim(own.world, words, name, **settings)) for name, words in commands.items()]


def _let_in(own: Site) -> None:
    with (own.world.directory / "postgres" / "data" / "pg_hba.conf").open("a") as file:
        file.write(_ALLOWED)
    with own.world.sessions() as session:
        session.execute(text("SELECT pg_reload_conf()"))


def _seen_from_outside(url: str) -> str:
    return url.replace("127.0.0.1", SERVER)
