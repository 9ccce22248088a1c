import os
import subprocess
import sys

import psutil
import pytest

from tests.machines import SERVER, server_network, why_no_machines
from tests.waiting import until

pytestmark = pytest.mark.skipif(bool(why_no_machines()), reason=why_no_machines())
ENVIRONMENT = {"PATH": os.environ["PATH"]}
REACH = f"import socket; socket.create_connection(('{SERVER}', int(input())), 1)"


def test_a_host_has_a_name_and_processes_of_its_own(network):
    with network.host("alone") as host:
        code, said = host.run(["sh", "-c", "hostname; ps -e -o comm="], ENVIRONMENT)

    assert code == 0
    assert said.split()[0] == "alone"
    assert "sleep" in said
    assert "pytest" not in said


def test_a_host_reaches_the_server_while_its_cable_is_in_and_not_while_it_is_pulled(network, listening):
    with network.host("cut") as host:
        before = reaches(host, listening)
        host.cut()
        meanwhile = reaches(host, listening)
        host.mend()
        until(lambda: reaches(host, listening))

    assert (before, meanwhile) == (True, False)


def test_hosts_do_not_see_each_others_processes(network, tmp_path):
    with network.host("one") as one, network.host("other") as other:
        one.start(["sleep", "9999"], ENVIRONMENT, tmp_path / "log")
        until(lambda: "9999" in one.run(["ps", "-ef"], ENVIRONMENT)[1])

        assert "9999" not in other.run(["ps", "-ef"], ENVIRONMENT)[1]


def test_of_a_host_that_is_gone_nothing_is_left(network, tmp_path):
    with network.host("gone") as host:
        process = host.start(["sleep", "9998"], ENVIRONMENT, tmp_path / "log")
        until(lambda: psutil.Process(process.pid).children())
        [inside] = psutil.Process(process.pid).children()

        host.crash()

        until(lambda: not inside.is_running() or inside.status() == psutil.STATUS_ZOMBIE)
        assert process.poll() is not None


def test_the_network_of_this_machine_is_as_it_was():
    before = links()

    with server_network() as network, network.host("seen"):
        within = links()

    assert links() == before
    assert within != before


@pytest.fixture
def network():
    """A network in which this test is the server."""
    with server_network() as made:
        yield made


@pytest.fixture
def listening(network):
    """The port of a server on every address of the network's server."""
    program = "import socket; s = socket.create_server(('', 0)); print(s.getsockname()[1], flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        yield int(server.stdout.readline())
        server.kill()


def reaches(host, port):
    done = subprocess.run(
        host.inside([sys.executable, "-c", REACH]), input=str(port), env=ENVIRONMENT, text=True, capture_output=True
    )
    return done.returncode == 0


def links():
    return [line.split()[0] for line in subprocess.check_output(["ip", "-br", "link"], text=True).splitlines()]
