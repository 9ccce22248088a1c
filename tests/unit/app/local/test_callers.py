import pytest

from app.local.callers import host_of, is_loopback


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
def test_an_address_of_this_machine_is_one(address):
    assert is_loopback(address)


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "", "unix", "localhost", "::ffff:10.0.0.1", "0.0.0.0", "127.0.0.1.evil"]
)
def test_everything_else_is_not(address):
    assert not is_loopback(address)


@pytest.mark.parametrize(
    ("url", "host"),
    [("//localhost:8000", "localhost"), ("https://Thor.LAN", "thor.lan"), ("//[::1]:8000", "::1"), ("//", None),
     ("null", None), ("//[::1", None)],
)  # fmt: skip
def test_the_host_of_an_address_is_its_name_alone(url, host):
    assert host_of(url) == host
