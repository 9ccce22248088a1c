import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from app.gate.sites import is_by_https, is_known_name, is_of_own_page, is_of_this_machine

HERE = "127.0.0.1"


def request(peer=HERE, **headers):
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(EnvironBuilder(headers=told, environ_base={"REMOTE_ADDR": peer}).get_environ())


@pytest.mark.parametrize(
    ("peer", "headers"),
    [(HERE, {"Host": "localhost:8000"}), ("::1", {"Host": "[::1]:8000"}), ("::ffff:127.0.0.1", {"Host": "127.0.0.1"})],
)
def test_a_program_of_this_machine_is_one(peer, headers):
    assert is_of_this_machine(request(peer, **headers))


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("10.0.0.1", {"Host": "localhost"}),
        ("", {"Host": "localhost"}),
        ("unix", {"Host": "localhost"}),
        (HERE, {"Host": "evil.example"}),
        (HERE, {"Host": "127.0.0.1.evil.example"}),
        (HERE, {"Host": "[::1"}),
        (HERE, {"Host": "localhost", "Via": "1.1 x"}),
        (HERE, {"Host": "localhost", "X-Forwarded-For": HERE}),
        (HERE, {"Host": "localhost", "Forwarded": "for=127.0.0.1"}),
    ],
)
def test_whoever_comes_from_elsewhere_or_under_another_name_is_not_of_this_machine(peer, headers):
    assert not is_of_this_machine(request(peer, **headers))


def test_names_of_this_machine_are_known_and_those_that_are_told():
    names = {"thor.desk.lan"}

    assert is_known_name(request(Host="localhost"), ())
    assert is_known_name(request(Host="THOR.desk.lan:8443"), names)
    assert not is_known_name(request(Host="thor.desk.lan.evil.example"), names)
    assert not is_known_name(request(Host="thor.desk.lan"), ())


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://localhost:8000", "Sec_Fetch_Site": "same-origin"},
        {"Origin": "http://localhost:8000"},
        {"Referer": "http://LOCALHOST:8000/login?next=/"},
        {"Sec_Fetch_Site": "same-origin"},
    ],
)
def test_a_page_of_thor_is_known_by_what_browsers_say(headers):
    assert is_of_own_page(request(Host="localhost:8000", **headers))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "http://localhost:9000"},
        {"Origin": "http://evil.example"},
        {"Referer": "http://evil.example/localhost:8000"},
        {"Origin": "http://localhost:8000", "Sec_Fetch_Site": "cross-site"},
        {"Origin": "http://localhost:8000", "Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
    ],
)
def test_a_page_of_another_place_or_no_page_is_not_thors(headers):
    assert not is_of_own_page(request(Host="localhost:8000", **headers))


def test_https_is_what_the_request_or_the_proxy_before_it_came_by():
    assert is_by_https(request(X_Forwarded_Proto="HTTPS"))
    assert not is_by_https(request(X_Forwarded_Proto="http"))
