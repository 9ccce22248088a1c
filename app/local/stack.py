"""The whole of Thor as a list of processes: servers, migrations, web, workers, beat and Flower."""

import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.errors import Conflict
from app.local.background import thread_limits
from app.local.ports import LOOPBACK, claim, is_free
from app.local.postgres import ENVIRONMENT as POSTGRES_ENVIRONMENT
from app.local.postgres import EmbeddedPostgres
from app.local.probes import answers
from app.local.process import ProcessSpec, Step
from app.local.pulse import pulse_file
from app.local.state import EmbeddedServers, StateDirectory, write_servers
from app.local.valkey import ENVIRONMENT as VALKEY_ENVIRONMENT
from app.local.valkey import EmbeddedValkey

WEB_PORT, FLOWER_PORT = 8000, 5555
FLOWER_USER, FLOWER_SECRET = "thor", "flower"
FLOWER_TASKS = 1000  # Some 4 KiB each; those before them are in PostgreSQL.
MIGRATIONS = "migrations"
ANY_ADDRESS = "0.0.0.0"  # noqa: S104
# Crash recovery replays the log before the server answers.
_SERVER_READY_WITHIN_S = 180.0
_APP_READY_WITHIN_S = 90.0
# The heaps that threads of a process share. glibc gives each thread one of its own, up to eight for each processor, and
# what is free in one is not used by the others: a web server with many threads grows by that and not by what it keeps.
ARENAS = {"MALLOC_ARENA_MAX": "2"}
# Arrow's own pool keeps what each thread has asked for; a web server has many threads, and none asks for much.
WEB_POOL = {"ARROW_DEFAULT_MEMORY_POOL": "system"}
_CELERY = (sys.executable, "-m", "celery", "--quiet", "-A", "workers.celery_app")


@dataclass(frozen=True)
class Worker:
    """A Celery worker: the one queue that it consumes, its pool and how many tasks it runs at once.

    What `computes` leaves a processor to the others.
    """

    queue: str
    pool: str
    concurrency: int
    computes: bool = False


WORKERS = (
    Worker("collectors", "threads", 8),
    Worker("ingest", "threads", 18),
    Worker("export", "prefork", 1, computes=True),
    Worker("analysis", "prefork", 1, computes=True),
    Worker("control", "threads", 2),
)


@dataclass(frozen=True)
class StackOptions:
    """What the stack is made from.

    `environment` is handed down to Thor's own processes, which run in `project_dir`. A server whose URL is given is
    used, not embedded. `migrate` brings the database up to date; by then `read_servers` finds the embedded servers.
    A port that is given is demanded; otherwise the usual one is taken, or another when that is in use.
    """

    state_dir: Path
    project_dir: Path
    environment: Mapping[str, str] = field(repr=False)
    migrate: Callable[[], None]
    database_url: str | None = field(default=None, repr=False)
    redis_url: str | None = field(default=None, repr=False)
    postgres_bin: Path | None = None
    host: str = LOOPBACK
    web_port: int | None = None
    flower_port: int | None = None
    web_threads: int = 256
    health_path: str = "/api/health/live"
    workers: tuple[Worker, ...] = WORKERS


def build_stack(options: StackOptions) -> list[ProcessSpec | Step]:
    """The items for `run_group`, in order; ports and secrets are chosen now and kept in the state directory.

    Call it as the holder of the state directory. Conflict when a demanded port is taken.
    """
    state = StateDirectory(options.state_dir)
    web_port = _choose_port(state, "web", options.web_port, WEB_PORT, ())
    flower_port = _choose_port(state, "flower", options.flower_port, FLOWER_PORT, (web_port,))
    servers = _announced(options, state, (web_port, flower_port))
    return [
        *servers,
        Step(MIGRATIONS, options.migrate, after=(servers[-1].name,)),
        _web(options, web_port),
        *(_worker(options, worker) for worker in options.workers),
        _beat(options, state),
        _flower(options, state, flower_port),
    ]


def build_servers(options: StackOptions) -> list[ProcessSpec | Step]:
    """The embedded servers alone, as items for `run_group`; the conditions are those of `build_stack`."""
    return _announced(options, StateDirectory(options.state_dir), ())


def _announced(options: StackOptions, state: StateDirectory, avoid: tuple[int, ...]) -> list[ProcessSpec | Step]:
    servers, addresses = _servers(options, state, avoid)
    after = tuple(spec.name for spec in servers)
    return [*servers, Step("addresses", lambda: write_servers(state, addresses), after)]


def _choose_port(state: StateDirectory, name: str, demanded: int | None, usual: int, avoid: tuple[int, ...]) -> int:
    if demanded is None:
        return state.port(name, None if usual in avoid else usual, avoid)
    if demanded in avoid or not is_free(demanded) or not claim(demanded):
        raise Conflict(f"port {demanded} for {name} is taken: name another, or none so that a free one is used")
    return demanded


def _servers(
    options: StackOptions, state: StateDirectory, avoid: tuple[int, ...]
) -> tuple[list[ProcessSpec], EmbeddedServers]:
    specs: list[ProcessSpec] = []
    database_url = redis_url = None
    if options.database_url is None:
        port = state.port("postgres", avoid=avoid)
        postgres = EmbeddedPostgres(state.path, port, state.secret("postgres"), bin_dir=options.postgres_bin)
        specs.append(postgres_process(postgres))
        database_url, avoid = postgres.url, (*avoid, port)
    if options.redis_url is None:
        valkey = EmbeddedValkey(state.path, state.port("valkey", avoid=avoid), state.secret("valkey"))
        specs.append(valkey_process(valkey))
        redis_url = valkey.url
    return specs, EmbeddedServers(database_url, redis_url)


def postgres_process(postgres: EmbeddedPostgres) -> ProcessSpec:
    """The embedded PostgreSQL as a process: it ends fast on SIGINT, and at once on SIGQUIT."""
    return ProcessSpec(
        "postgres",
        postgres.command,
        environment=POSTGRES_ENVIRONMENT,
        prepare=postgres.prepare,
        prefix=lambda: postgres.prefix,
        port=postgres.port,
        ready=postgres.is_ready,
        ready_within_s=_SERVER_READY_WITHIN_S,
        stop_signals=((0.0, signal.SIGINT), (2.0, signal.SIGQUIT)),
        grace_s=2.8,
        death_signal=signal.SIGINT,
    )


def valkey_process(valkey: EmbeddedValkey) -> ProcessSpec:
    """The embedded Valkey as a process; SIGTERM makes it write its log to disk first."""
    return ProcessSpec(
        "valkey",
        valkey.command,
        environment=VALKEY_ENVIRONMENT,
        prepare=valkey.prepare,
        port=valkey.port,
        ready=valkey.is_ready,
        ready_within_s=_SERVER_READY_WITHIN_S,
        grace_s=2.8,
    )


def _own(options: StackOptions, name: str, command: list[str]) -> ProcessSpec:
    return ProcessSpec(
        name,
        command,
        after=(MIGRATIONS,),
        environment={**ARENAS, **options.environment, "PYTHONUNBUFFERED": "1"},
        cwd=options.project_dir,
        ready_within_s=_APP_READY_WITHIN_S,
    )


def _web(options: StackOptions, port: int) -> ProcessSpec:
    command = [sys.executable, "-m", "gunicorn", "--workers", "1"]
    command += ["--threads", str(options.web_threads), "--worker-connections", "2000", "--graceful-timeout", "3"]
    command += ["--bind", f"{options.host}:{port}", "--no-control-socket", "wsgi:app"]
    host = LOOPBACK if options.host == ANY_ADDRESS else options.host
    spec = _own(options, "web", command)
    return replace(
        spec,
        environment={**WEB_POOL, **(spec.environment or {})},
        port=port,
        ready=lambda: answers(port, options.health_path, host),
        url=f"http://{host}:{port}/",
    )


def _worker(options: StackOptions, worker: Worker) -> ProcessSpec:
    command = [*_CELERY, "worker", "-Q", worker.queue, "-I", f"workers.{worker.queue}", "-n", f"{worker.queue}@%h"]
    command += ["-P", worker.pool, "-c", str(worker.concurrency), "--loglevel", "INFO"]
    command += ["--without-mingle", "--without-gossip"]
    # First the running tasks may end; then what is not acknowledged goes back to its queue. Threads cannot be ended.
    back_to_queue = ((3.0, signal.SIGQUIT),) if worker.pool == "prefork" else ()
    spec = _own(options, worker.queue, command)
    limits = thread_limits() if worker.computes else {}
    return replace(
        spec,
        environment={**limits, **(spec.environment or {})},
        ready_text=" ready.",
        pulse=pulse_file(options.state_dir, worker.queue),
        stop_signals=((0.0, signal.SIGTERM), *back_to_queue),
        grace_s=6.4,
    )


def _beat(options: StackOptions, state: StateDirectory) -> ProcessSpec:
    schedule = str(state.path / "celerybeat-schedule")
    command = [*_CELERY, "beat", "--loglevel", "INFO", "--schedule", schedule, "--pidfile="]
    return replace(_own(options, "beat", command), ready_text="beat: Starting")


def _flower(options: StackOptions, state: StateDirectory, port: int) -> ProcessSpec:
    words = [f"--address={LOOPBACK}", f"--port={port}", "--read_only", f"--max_tasks={FLOWER_TASKS}"]
    spec = _own(options, "flower", [*_CELERY, "flower", *words])
    # A variable of Flower's own could open it to everybody.
    inherited = {name: text for name, text in (spec.environment or {}).items() if not name.startswith("FLOWER_")}
    credentials = f"{FLOWER_USER}:{state.secret(FLOWER_SECRET)}"
    return replace(
        spec,
        environment={**inherited, "FLOWER_BASIC_AUTH": credentials},
        port=port,
        ready=lambda: answers(port, "/healthcheck"),
        url=f"http://{LOOPBACK}:{port}/",
    )
