"""The services of docker-compose.yml as processes of this machine: their own command lines, their users of the servers,
the secrets that they have and no others, and a disk that they cannot write."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2
from redis import BusyLoadingError, ConnectionError, Redis

from app.local.binaries import find_postgres, find_valkey
from app.local.child import wrapped
from app.local.ports import free_port
from app.local.postgres import DATABASE, USER
from tests.guards.compose import services
from tests.private_servers import PASSWORD, private_postgres
from tests.sealing import can_seal, sealed
from tests.tree import ROOT
from tests.waiting import until

BIN = Path(sys.executable).parent
STOP_DEADLINE_S = 60
_VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")


@dataclass
class Deployment:
    """Where the services run: the servers' ports, a folder with all that they keep, and what `.env` would say.

    `api_key` is what callers of the web server show, where it is set.
    """

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    postgres_port: int = 0
    api_key: str = ""
    ports: dict[str, int] = field(default_factory=lambda: {port: free_port() for port in ("6379", "8000", "5555")})
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def secrets(self) -> Path:
        """The folder of all secrets."""
        return self.folder / "secrets"

    def log(self, name: str) -> str:
        """What a service has said so far."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def password(self, name: str) -> str:
        """What stands in a file of the secrets."""
        return (self.secrets / name).read_text().strip()

    def redis(self, role: str, database: int = 0) -> Redis:
        """A client of the bus in a role."""
        return Redis(
            port=self.ports["6379"],
            username=f"thor_{role}",
            password=self.password(f"redis_{role}_password"),
            db=database,
            decode_responses=True,
        )

    def postgres(self, role: str) -> "psycopg2.extensions.connection":
        """A connection to the database in a role; each statement is a transaction."""
        user, secret = (USER, "") if role == "superuser" else (f"thor_{role}", f"postgres_{role}_password")
        made = psycopg2.connect(
            host="127.0.0.1",
            port=self.postgres_port,
            dbname=DATABASE,
            user=user,
            password=self.password(secret) if secret else PASSWORD,
        )
        made.autocommit = True
        return made

    def command(self, name: str, words: list[str] | None = None) -> list[str]:
        """The command line of a service with this machine's paths and ports, or `words` in its place as they are."""
        service = services()[name]
        is_ours = service["image"].startswith("thor")
        entry = service.get("entrypoint") or (["sh", "/usr/local/bin/thor-entrypoint"] if is_ours else [])
        own = [] if words else service.get("command") or image_command()
        found = [*(self._here(word, name) for word in (*entry, *own)), *(words or ())]
        return [*found, "--port", str(self.ports["6379"]), "--bind", "127.0.0.1"] if name == "redis" else found

    def health_check(self, name: str) -> list[str]:
        """The command that tells whether a service is well, to be run where the service runs."""
        kind, *words = services()[name]["healthcheck"]["test"]
        found = words if kind == "CMD" else ["sh", "-c", *words]
        return [self._here(word, name) for word in found]

    def environment(self, name: str) -> dict[str, str]:
        """The variables of a service, and where it finds what this machine has elsewhere."""
        told = services()[name].get("environment", {})
        given = {key: self._filled(str(value)) for key, value in told.items()}
        path = f"{BIN}:{find_postgres(None, 18)}:/usr/local/bin:/usr/bin:/bin"
        elsewhere = {
            "THOR_SECRETS": str(self._own_secrets(name)),
            "THOR_ACL": str(ROOT / "deploy/redis/users.acl"),
            "REDIS_SERVER": str(find_valkey(None)),
            "REDIS_ADDRESS": f"127.0.0.1:{self.ports['6379']}",
            "POSTGRES_ADDRESS": f"127.0.0.1:{self.postgres_port}",
            "POSTGRES_DB": DATABASE,
            "HOSTNAME": os.uname().nodename,
            "HOME": "/nonexistent",
            "TMPDIR": str(self._made("tmp", name)),
            "STATE_DIR": str(self._made("state")),
        }
        return {"PATH": path, "PYTHONDONTWRITEBYTECODE": "1", **given, **elsewhere}

    def start(self, name: str) -> None:
        """Run a service until the deployment ends."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                wrapped(self._sealed(name, self.command(name)), os.getpid(), signal.SIGKILL),
                env=self.environment(name),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def run(
        self, name: str, words: list[str] | None = None, within_s: float = 60, **variables: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command as a service, its own or another, and wait for its end."""
        return self._run(name, self._sealed(name, self.command(name, words)), within_s, variables)

    def is_well(self, name: str) -> bool:
        """Whether a service's own check says so."""
        return self._run(name, self._sealed(name, self.health_check(name)), 30, {}).returncode == 0

    def stop(self, name: str) -> int:
        """End a service as `docker compose` does, within the time that it gives; its exit code."""
        process, told = self.processes.pop(name), services()[name]
        process.send_signal(signal.Signals[told.get("stop_signal", "SIGTERM")])
        return process.wait(float(told["stop_grace_period"].removesuffix("s")))

    def kill(self, name: str, how: signal.Signals) -> None:
        """Have a service and all its processes end at once."""
        process = self.processes.pop(name)
        os.killpg(process.pid, how)
        process.wait(STOP_DEADLINE_S)

    def end(self) -> None:
        """End whatever still runs."""
        for name in reversed(list(self.processes)):
            process = self.processes.pop(name)
            process.terminate()
            try:
                process.wait(STOP_DEADLINE_S)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def _run(
        self, name: str, command: list[str], within_s: float, variables: dict[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command,
            env={**self.environment(name), **variables},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
        )

    def _sealed(self, name: str, command: list[str]) -> list[str]:
        service = services()[name]
        if not (service.get("read_only") and can_seal()):
            return command
        writable = [self._made("tmp", name)] if service.get("tmpfs") else []
        if name == "redis":
            writable.append(self._made("redis"))
        if any(str(volume).startswith("state:") for volume in service.get("volumes", ())):
            writable.append(self._made("state"))
        return sealed(command, *writable)

    def _here(self, word: str, name: str) -> str:
        places = {
            "/run/secrets": self._own_secrets(name),
            "/usr/local/bin/thor-entrypoint": ROOT / "docker/entrypoint.sh",
            "/usr/local/bin/thor-redis-entrypoint": ROOT / "docker/redis-entrypoint.sh",
            "/etc/thor/roles.sql": ROOT / "deploy/postgres/roles.sql",
            "/tmp": self._made("tmp", name),
            "/data": self._made("redis"),
            "--host postgres": f"--host 127.0.0.1 --port {self.postgres_port}",
            "thor_user": USER,
            "thor_db": DATABASE,
            "0.0.0.0": "127.0.0.1",
        }
        known = "|".join(rf"(?<![\w/]){re.escape(place)}(?!\w)" for place in places)
        word = re.sub(known, lambda found: str(places[found[0]]), word.replace("$$", "$"))
        for port, ours in self.ports.items():
            word = re.sub(rf"(?<=[:= ]){port}\b", str(ours), word)
        return word

    def _filled(self, text: str) -> str:
        return _VARIABLE.sub(lambda found: self.settings.get(found[1], found[2]), text)

    def _own_secrets(self, name: str) -> Path:
        place = self.folder / "mounted" / name
        if not place.exists():
            place.mkdir(parents=True)
            for secret in services()[name].get("secrets", ()):
                os.link(self.secrets / secret, place / secret)
        return place

    def _made(self, *parts: str) -> Path:
        place = self.folder.joinpath(*parts)
        place.mkdir(parents=True, exist_ok=True)
        return place


def image_command() -> list[str]:
    """The command of the image, for a service that names none."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", "")
    found: list[str] = json.loads(re.search(r"^CMD (\[.*\])$", text, re.MULTILINE)[1])
    return found


@contextlib.contextmanager
def deployed(folder: Path, **settings: str) -> Iterator[Deployment]:
    """Servers with the users of all processes and no others, and a database that is prepared."""
    made = Deployment(folder, settings)
    made.secrets.mkdir(mode=0o700)
    (made.secrets / "postgres_password").write_text(PASSWORD)
    subprocess.run(["sh", "deploy/secrets.sh", str(made.secrets)], cwd=ROOT, check=True)
    with private_postgres(folder / "server") as postgres, contextlib.ExitStack() as stack:
        made.postgres_port = int(postgres.url.rpartition(":")[2].partition("/")[0])
        stack.callback(made.end)
        made.start("redis")
        until(lambda: answers(made))
        for name in ("roles", "prepare"):
            done = made.run(name)
            assert done.returncode == 0, done.stdout + done.stderr
        yield made


def answers(made: Deployment) -> bool:
    """Whether Redis does."""
    assert made.processes["redis"].poll() is None, made.log("redis")
    with contextlib.suppress(BusyLoadingError, ConnectionError):
        return bool(made.redis("monitor").ping())
    return False
