import socket
import subprocess
import sys
from pathlib import Path

import pytest

from app.local.ports import claim, free_port, is_free
from app.local.state import StateDirectory

ROOT = str(Path(__file__).parents[4])
CLAIM = """
import sys, time
sys.path.insert(0, sys.argv[1])
from app.local.ports import claim
print(claim(int(sys.argv[2])), flush=True)
time.sleep(600)
"""


def test_the_preferred_port_is_given_when_it_is_free() -> None:
    port = free_port()

    assert free_port(port) == port


def test_a_port_that_is_listened_on_is_not_given() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]

        assert not is_free(taken)
        assert free_port(taken) != taken


def test_a_port_that_is_listened_on_at_every_address_is_not_given() -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:
        assert not is_free(server.getsockname()[1])


def test_a_port_to_avoid_is_not_given() -> None:
    port = free_port()

    assert free_port(port, avoid=[port]) != port


def test_a_connection_that_lingers_does_not_take_its_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            accepted, _ = server.accept()
            accepted.close()
            client.recv(1)

    assert is_free(port)


def test_a_name_keeps_its_port_over_restarts(tmp_path: Path) -> None:
    port = StateDirectory(tmp_path).port("postgres")

    assert StateDirectory(tmp_path).port("postgres") == port


def test_a_name_gets_another_port_when_its_own_is_taken(tmp_path: Path) -> None:
    port = StateDirectory(tmp_path).port("postgres")

    with socket.create_server(("127.0.0.1", port)):
        other = StateDirectory(tmp_path).port("postgres")

    assert other != port
    assert StateDirectory(tmp_path).port("postgres") == other


def test_the_usual_port_is_taken_up_again_once_it_is_free(tmp_path: Path) -> None:
    usual = free_port()
    with socket.create_server(("127.0.0.1", usual)):
        assert StateDirectory(tmp_path).port("web", usual) != usual

    assert StateDirectory(tmp_path).port("web", usual) == usual


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tell")
def test_a_port_that_another_thor_will_listen_on_is_not_given(tmp_path: Path) -> None:
    port = free_port()
    with subprocess.Popen([sys.executable, "-c", CLAIM, ROOT, str(port)], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"True\n"

        assert StateDirectory(tmp_path).port("web", port) != port
        other.kill()

    assert claim(port)


def test_ports_that_make_no_sense_are_chosen_anew(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text('{"web": "x", "flower": -1, "valkey": 99999999}')
    state = StateDirectory(tmp_path)

    assert all(is_free(state.port(name)) for name in ("web", "flower", "valkey"))
