import pytest
from werkzeug.datastructures import Headers

from app.local.callers import stranger

HERE = "127.0.0.1"


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        (HERE, {"Host": "localhost:8000"}),
        ("::1", {"Host": "[::1]:8000"}),
        ("::ffff:127.0.0.1", {"Host": "127.0.0.1"}),
        (HERE, {"Host": "localhost", "Origin": "http://localhost:8000"}),
    ],
)
def test_this_machine_is_let_in(peer, headers):
    assert stranger(peer, Headers(headers)) is None


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("10.0.0.1", {"Host": "localhost"}),
        ("", {"Host": "localhost"}),
        ("unix", {"Host": "localhost"}),
        (HERE, {"Host": "evil.example"}),
        (HERE, {}),
        (HERE, {"Host": "[::1"}),
        (HERE, {"Host": "localhost", "Origin": "null"}),
        (HERE, {"Host": "localhost", "Origin": "http://evil.example"}),
        (HERE, {"Host": "localhost", "Via": "1.1 x"}),
    ],
)
def test_everybody_else_is_a_stranger(peer, headers):
    assert stranger(peer, Headers(headers))


def test_with_names_others_are_let_in_under_those():
    names = frozenset({"thor.desk.lan"})

    assert stranger("10.0.0.1", Headers({"Host": "thor.desk.lan", "X-Forwarded-For": "10.0.0.9"}), names) is None
    assert stranger("10.0.0.1", Headers({"Host": "evil.example"}), names)
    assert stranger("10.0.0.1", Headers({"Host": "thor.desk.lan", "Origin": "https://localhost"}), names)
