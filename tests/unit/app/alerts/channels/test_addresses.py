from ipaddress import ip_address

import pytest

from app.alerts.channels.addresses import Target, checked_addresses, is_public, parse_target, resolve_name
from app.errors import Rejected, Unavailable

HOOKS = "hooks.example.com"
TARGET = Target(HOOKS, 443, "/")


def test_a_listed_host_is_a_target_with_its_path_and_question():
    assert parse_target(f"https://{HOOKS}/a/b?token=1", [HOOKS]) == Target(HOOKS, 443, "/a/b?token=1")
    assert parse_target("https://Hooks.Example.COM", [HOOKS]) == Target(HOOKS, 443, "/")
    assert parse_target(f"https://{HOOKS}:443/a", [HOOKS.upper()]) == Target(HOOKS, 443, "/a")


def test_another_port_must_be_listed_with_the_host():
    assert parse_target(f"https://{HOOKS}:8443/a", [f"{HOOKS}:8443"]).port == 8443
    with pytest.raises(Rejected, match=f"leads to {HOOKS}:8443, which ALERT_WEBHOOK_HOSTS does not list"):
        parse_target(f"https://{HOOKS}:8443/a", [HOOKS])
    with pytest.raises(Rejected, match="does not list"):
        parse_target(f"https://{HOOKS}/a", [f"{HOOKS}:8443"])


# Each is listed too, so that it is the form that is refused.
@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://hooks.example.com/", HOOKS),
        ("ftp://hooks.example.com/", HOOKS),
        ("file:///etc/passwd", ""),
        ("//hooks.example.com/", HOOKS),
        ("hooks.example.com", HOOKS),
        ("https://127.0.0.1/", "127.0.0.1"),
        ("https://127.1/", "127.1"),
        ("https://localhost/", "localhost"),
        ("https://[::1]/", "::1"),
        ("https://[::ffff:127.0.0.1]/", "::ffff:127.0.0.1"),
        ("https://0.0.0.0/", "0.0.0.0"),
        ("https://0/", "0"),
        ("https://169.254.169.254/latest/meta-data/", "169.254.169.254"),
        ("https://2130706433/", "2130706433"),
        ("https://0x7f000001/", "0x7f000001"),
        ("https://0x7f.0.0.1/", "0x7f.0.0.1"),
        ("https://0x7f.0x1/", "0x7f.0x1"),
        ("https://0177.0.0.1/", "0177.0.0.1"),
        ("https://017700000001/", "017700000001"),
        ("https://127.0.0.1./", "127.0.0.1."),
        ("https://hooks.example.com./", "hooks.example.com."),
        ("https://hooks.example.com@127.0.0.1/", "127.0.0.1"),
        ("https://user:password@hooks.example.com/", HOOKS),
        ("https://@hooks.example.com/", HOOKS),
        ("https://hooks.example.com\\@evil.example.com/", "evil.example.com"),
        ("https://evil.example.com\\.hooks.example.com/", HOOKS),
        ("https://hooks.example.com%00.evil.example.com/", "hooks.example.com%00.evil.example.com"),
        ("https://hooks.example.com/a b", HOOKS),
        ("https://hooks.example.com/\r\nX-Injected: 1", HOOKS),
        ("https://hooks.example.com\t/", HOOKS),
        ("https://ⓗooks.example.com/", HOOKS),
        ("https://hooks。example。com/", HOOKS),
        ("https://[hooks.example.com/", HOOKS),
        ("https://hooks.example.com:99999/", HOOKS),
        ("https://hooks.example.com:port/", HOOKS),
        ("https:///path", ""),
        ("", ""),
    ],
)
def test_an_address_that_is_not_plainly_https_to_a_name_is_refused(url, host):
    with pytest.raises(Rejected, match=r"must (begin|look|have|name)"):
        parse_target(url, [host, HOOKS])


def test_a_host_that_is_not_listed_is_refused_also_when_it_ends_like_one_that_is():
    for host in ("evil.example.com", "evilhooks.example.com", "hooks.example.com.evil.com"):
        with pytest.raises(Rejected, match=f"leads to {host}, which"):
            parse_target(f"https://{host}/", [HOOKS, "example.com"])


def test_a_refusal_tells_nothing_of_what_is_behind_the_host():
    with pytest.raises(Rejected) as refused:
        parse_target("https://evil.example.com/services/hunter2?token=hunter2", [HOOKS])

    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["8.8.8.8", "93.184.215.14", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_addresses_of_the_internet_are_public(text):
    assert is_public(ip_address(text))


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "192.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700:4700::1111%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "2001:db8::1",
        "100::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2001:0:7f00:1::1",
    ],
)
def test_addresses_of_machines_networks_and_groups_are_not_public(text):
    assert not is_public(ip_address(text))


def test_the_addresses_of_a_name_are_told_once_each():
    assert checked_addresses(TARGET, lambda *_: ["8.8.8.8", "8.8.4.4", "8.8.8.8"]) == ["8.8.8.8", "8.8.4.4"]


@pytest.mark.parametrize(
    "found",
    [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["8.8.8.8", "::1"], ["8.8.8.8", "fe80::1%lo"], ["8.8.8.8", "nonsense"]],
)
def test_one_address_that_is_not_public_is_enough_to_send_nothing(found):
    with pytest.raises(Rejected, match="leads to an address that is not public: nothing was sent there"):
        checked_addresses(TARGET, lambda *_: found)


def test_a_name_without_an_address_may_have_one_later():
    def away(host, port):
        raise OSError("no such name")

    for resolve in (away, lambda *_: []):
        with pytest.raises(Unavailable, match="has no address at this moment"):
            checked_addresses(TARGET, resolve)


def test_the_machines_resolver_knows_this_machine():
    assert set(resolve_name("localhost", 443)) & {"127.0.0.1", "::1"}
