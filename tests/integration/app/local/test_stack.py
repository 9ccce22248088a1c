import os
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg2
import pytest
import redis

from app.errors import Conflict
from app.local.lock import hold_lock
from app.local.ports import free_port
from app.local.process import ProcessSpec
from app.local.stack import StackOptions, build_stack
from app.local.state import StateDirectory, read_servers
from app.local.status import ProcessStatus, read_processes
from app.local.supervisor import run_group

EVERYTHING = ["postgres", "valkey", "addresses", "migrations", "web"]
EVERYTHING += ["collectors", "ingest", "export", "analysis", "control", "beat", "flower"]


def test_the_stack_is_servers_then_migrations_then_the_rest(tmp_path: Path) -> None:
    items = build_stack(_options(tmp_path))

    assert [item.name for item in items] == EVERYTHING
    assert {item.after for item in items[4:]} == {("migrations",)}


def test_a_server_that_is_given_is_not_started(tmp_path: Path) -> None:
    items = build_stack(_options(tmp_path, database_url="postgresql://db/x", redis_url="redis://cache/0"))

    assert [item.name for item in items] == EVERYTHING[2:]


def test_each_worker_consumes_its_own_queue(tmp_path: Path) -> None:
    commands = {name: " ".join(_words(spec)) for name, spec in _own_processes(tmp_path).items() if name != "web"}

    for name in EVERYTHING[5:10]:
        assert f"worker -Q {name} " in commands[name]
        assert f" -n {name}@%h " in commands[name]
    assert "-P prefork -c 1 " in commands["export"]
    assert "-P threads -c 8 " in commands["collectors"]


def test_no_secret_is_in_an_argument_list_and_flower_s_only_in_its_own_environment(tmp_path: Path) -> None:
    specs = _own_processes(tmp_path)
    state = StateDirectory(tmp_path)
    secrets = {name: state.secret(name) for name in ("postgres", "valkey", "flower")}

    assert not [part for spec in specs.values() for part in _words(spec) if any(s in part for s in secrets.values())]
    knowing = [name for name, spec in specs.items() if secrets["flower"] in str(spec.environment)]
    assert knowing == ["flower"]
    assert (specs["flower"].environment or {})["FLOWER_BASIC_AUTH"] == f"thor:{secrets['flower']}"


def test_threads_share_two_heaps_unless_something_else_is_told(tmp_path: Path) -> None:
    usual = _own_processes(tmp_path)
    told = _own_processes(tmp_path, environment={"MALLOC_ARENA_MAX": "8"})

    heaps = [{(spec.environment or {})["MALLOC_ARENA_MAX"] for spec in specs.values()} for specs in (usual, told)]
    assert heaps == [{"2"}, {"8"}]
    assert [name for name, spec in usual.items() if "ARROW_DEFAULT_MEMORY_POOL" in (spec.environment or {})] == ["web"]


def test_the_environment_is_handed_down(tmp_path: Path) -> None:
    specs = _own_processes(tmp_path, environment={"STATE_DIR": "/x"})

    assert {(spec.environment or {})["STATE_DIR"] for spec in specs.values()} == {"/x"}


def test_a_demanded_port_that_is_taken_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        with pytest.raises(Conflict, match=f"port {port} for web is taken"):
            build_stack(_options(tmp_path, web_port=port))


def test_no_variable_opens_flower(tmp_path: Path) -> None:
    given = {"FLOWER_UNAUTHENTICATED_API": "true", "FLOWER_AUTH": ".*", "FLOWER_BASIC_AUTH": "a:b", "HOME": "/root"}
    specs = {spec.name: spec for spec in build_stack(_options(tmp_path, environment=given))}

    environment = specs["flower"].environment or {}
    assert {name for name in environment if name.startswith("FLOWER_")} == {"FLOWER_BASIC_AUTH"}
    assert environment["FLOWER_BASIC_AUTH"] != "a:b"


def test_web_and_flower_cannot_have_the_same_port(tmp_path: Path) -> None:
    port = free_port()

    with pytest.raises(Conflict, match=f"port {port} for flower is taken"):
        build_stack(_options(tmp_path, web_port=port, flower_port=port))


def test_the_whole_longest_stop_fits_into_ten_seconds(tmp_path: Path) -> None:
    specs = [item for item in build_stack(_options(tmp_path)) if isinstance(item, ProcessSpec)]

    servers = max(spec.grace_s for spec in specs if not spec.after)
    others = max(spec.grace_s for spec in specs if spec.after)

    assert servers + others < 9.5
    assert all(delay < spec.grace_s for spec in specs for delay, _ in spec.stop_signals)


def test_embedded_servers_are_found_and_come_back_where_they_were(
    tmp_path: Path, until: Callable[[Callable[[], object]], None]
) -> None:
    place = tmp_path / "a place" / "var"
    found: list[object] = []
    stop = threading.Event()

    def kill_and_look() -> None:
        before = read_servers(place)
        for process in _servers(place).values():
            os.kill(process.pid or 0, signal.SIGKILL)
        until(lambda: all(one.restarts == 1 and one.state == "running" for one in _servers(place).values()))
        found.extend([before, read_servers(place)])
        _use(place)
        stop.set()

    with hold_lock(place):
        items = build_stack(_options(place, migrate=lambda: _use(place)))[:4]
        run_group(items, place, stop=stop, on_ready=kill_and_look)

    assert found[0] == found[1] is not None
    assert read_servers(place) is None


def _words(spec: ProcessSpec) -> Sequence[str]:
    assert not callable(spec.command)
    return spec.command


def _servers(place: Path) -> dict[str, ProcessStatus]:
    return {status.name: status for status in read_processes(place) if status.name in ("postgres", "valkey")}


def _use(place: Path) -> None:
    servers = read_servers(place)
    assert servers and servers.database_url and servers.redis_url
    psycopg2.connect(servers.database_url.replace("+psycopg2", "")).close()
    with redis.Redis.from_url(servers.redis_url) as client:
        assert client.ping()


def _own_processes(place: Path, **changes: object) -> dict[str, ProcessSpec]:
    return {item.name: item for item in build_stack(_options(place, **changes))[4:] if isinstance(item, ProcessSpec)}


def _options(place: Path, **changes: object) -> StackOptions:
    values: dict[str, object] = {"environment": {}, "migrate": lambda: None, "flower_port": free_port()}
    return StackOptions(state_dir=place, project_dir=place, **{**values, **changes})  # type: ignore[arg-type]
