import socket

import pytest

from app.operations.doctor.network import check_password, check_ports, check_web_host, is_local, listeners

PORTS = {"web": 8000, "postgres": 5433}


@pytest.mark.parametrize(("host", "level"), [("127.0.0.1", "ok"), ("::1", "ok"), ("0.0.0.0", "warning")])
def test_a_web_server_for_other_machines_is_warned_of(host, level):
    assert check_web_host(host).level == level


@pytest.mark.parametrize(
    ("listening", "web_host", "level"),
    [
        ([("127.0.0.1", 8000), ("::1", 5433)], "127.0.0.1", "ok"),
        ([("0.0.0.0", 8000)], "127.0.0.1", "wrong"),
        ([("0.0.0.0", 8000)], "0.0.0.0", "ok"),
        ([("::", 5433)], "0.0.0.0", "wrong"),
        ([("0.0.0.0", 22)], "127.0.0.1", "ok"),
    ],
)
def test_a_port_of_ours_that_other_machines_reach_is_wrong_unless_it_was_told_to(listening, web_host, level):
    assert check_ports(PORTS, listening, web_host).level == level


GOOD, SAME = "dmR3tq81-Xy0_pLm", "a" * 16


@pytest.mark.parametrize(
    ("user", "password", "level"),
    [
        ("thor", GOOD, "ok"),
        ("thor", "thor_password", "wrong"),
        ("morgenstern", "morgenstern", "wrong"),
        ("thor", "abc", "wrong"),
        ("", "p%61ssword", "wrong"),
        ("thor", "kq8-Xz_31", "wrong"),
        ("thor", SAME, "wrong"),
    ],
)
def test_a_password_that_is_guessed_is_found_and_never_told(user, password, level):
    found = check_password("SERVER_URL", "".join(["postgresql://", user, ":", password, "@h/thor"]))

    assert found.level == level
    assert "SERVER_URL" in found.detail
    assert password not in found.detail + found.fix


@pytest.mark.parametrize(("host", "level"), [("127.0.0.1", "warning"), ("h", "wrong")])
def test_a_server_without_a_password_is_worse_where_others_reach_it(host, level):
    assert check_password("REDIS_URL", f"redis://{host}:6379/0").level == level


HERE = ["127.8.9.1", "localhost", "::1", "::ffff:127.0.0.1", "/run/postgresql"]
ELSEWHERE = ["", "0.0.0.0", "10.0.0.5", "::", "fe80::1%eth0", "db.example.com"]


@pytest.mark.parametrize(("host", "local"), [*((one, True) for one in HERE), *((one, False) for one in ELSEWHERE)])
def test_it_is_known_which_addresses_only_this_machine_reaches(host, local):
    assert is_local(host) is local


def test_what_listens_on_this_machine_is_seen():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(1)

        assert server.getsockname() in set(listeners())
