import json
import socket
import ssl
from ipaddress import ip_address

import pytest

from app.alerts.channels.plan import WebhookPlan
from app.alerts.channels.webhook import WebhookChannel, sign
from app.errors import Rejected, Unavailable
from tests.alerting import Authority, message
from tests.web_hooks import web_hook

NAME = "hooks.example.com"
PATH = "/services/hunter2?token=hunter2"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def hook(authority):
    with web_hook(authority.server(NAME)) as hook:
        yield hook


@pytest.fixture
def channel_to(authority):
    def make(port, *, secret="", resolve=lambda *_: ["127.0.0.1"], name=NAME, **more):
        plan = WebhookPlan(f"https://{name}:{port}{PATH}", [f"{name}:{port}"], secret)
        given = {"is_allowed": lambda address: address.is_loopback, "trust": authority.trust, "within_s": 5.0, **more}
        return WebhookChannel(plan, resolve=resolve, **given)

    return make


def test_a_message_is_posted_as_json_under_its_id(hook, channel_to):
    channel_to(hook.port).send(message())

    [(path, headers, body)] = hook.posts
    assert path == PATH
    assert headers["Host"] == f"{NAME}:{hook.port}"
    assert (headers["Content-Type"], headers["X-Thor-Message-Id"]) == ("application/json", message().id)
    assert json.loads(body) == message().form()
    assert "X-Thor-Signature" not in headers


def test_with_a_key_the_body_is_signed_with_the_time(hook, channel_to):
    channel_to(hook.port, secret="key", now_s=lambda: 1_772_625_600.9).send(message())

    [(_, headers, body)] = hook.posts
    assert headers["X-Thor-Signature"] == sign("key", 1_772_625_600, body)


def test_the_name_is_looked_up_once_and_the_address_that_was_checked_is_connected_to(hook, channel_to):
    # A name that leads elsewhere at the second look gets nothing by it.
    answers = [["127.0.0.1"], ["127.0.0.2"]]

    channel_to(hook.port, resolve=lambda *_: answers.pop(0)).send(message())

    assert (len(hook.posts), answers) == (1, [["127.0.0.2"]])
    assert hook.names == [NAME]


def test_an_address_that_is_not_public_gets_nothing(hook, authority):
    plan = WebhookPlan(f"https://{NAME}:{hook.port}{PATH}", [f"{NAME}:{hook.port}"])
    channel = WebhookChannel(plan, resolve=lambda *_: ["127.0.0.1"], trust=authority.trust)

    with pytest.raises(Rejected, match="leads to an address that is not public: nothing was sent there"):
        channel.send(message())

    assert (hook.posts, hook.names) == ([], [])


@pytest.mark.parametrize("found", [["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "10.0.0.1"], ["127.0.0.1", "::1%lo"]])
def test_a_name_with_good_and_bad_addresses_gets_nothing(hook, channel_to, found):
    channel = channel_to(hook.port, resolve=lambda *_: found, is_allowed=lambda one: one == ip_address(found[0]))

    with pytest.raises(Rejected, match="not public"):
        channel.send(message())

    assert hook.posts == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(hook, channel_to, status):
    hook.status, hook.headers = status, {"Location": f"https://{NAME}:{hook.port}/elsewhere"}

    with pytest.raises(Rejected, match=f"answered {status}: redirects are not followed"):
        channel_to(hook.port).send(message())

    assert len(hook.posts) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_a_receiver_in_trouble_is_asked_again_later(hook, channel_to, status):
    hook.status = status

    with pytest.raises(Unavailable, match=f"{NAME} answered {status}$"):
        channel_to(hook.port).send(message())


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_receiver_that_does_not_want_it_is_not_asked_again(hook, channel_to, status):
    hook.status = status

    with pytest.raises(Rejected, match=f"{NAME} answered {status}$"):
        channel_to(hook.port).send(message())


def test_a_certificate_of_another_name_is_not_good(authority, channel_to):
    with web_hook(authority.server("other.example.com")) as hook:
        with pytest.raises(Unavailable, match="its certificate cannot be trusted"):
            channel_to(hook.port).send(message())

        assert hook.posts == []


def test_a_certificate_of_an_unknown_authority_is_not_good(hook, channel_to):
    with pytest.raises(Unavailable, match="its certificate cannot be trusted"):
        channel_to(hook.port, trust=ssl.create_default_context()).send(message())

    assert hook.posts == []


def test_an_address_that_does_not_answer_is_followed_by_the_next(hook, channel_to):
    channel_to(hook.port, resolve=lambda *_: ["127.0.0.9", "127.0.0.1"]).send(message())

    assert len(hook.posts) == 1


def test_a_receiver_that_is_away_is_tried_again_later(channel_to):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Unavailable, match=f"{NAME} cannot be connected to$"):
            channel_to(taken.getsockname()[1]).send(message())


def test_a_receiver_that_says_nothing_or_speaks_slowly_is_cut(hook, channel_to):
    hook.drips = True
    with pytest.raises(Unavailable, match=r"took longer than 0\.5 s"):
        channel_to(hook.port, within_s=0.5).send(message())

    with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(Unavailable, match="took longer"):
        channel_to(mute.getsockname()[1], within_s=0.3).send(message())


def test_a_proxy_of_the_environment_is_not_asked(hook, channel_to, monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    channel_to(hook.port).send(message())

    assert len(hook.posts) == 1


def test_no_error_tells_what_is_behind_the_host(hook, channel_to, monkeypatch):
    told = []
    for status in (404, 302, 503):
        hook.status = status
        with pytest.raises((Rejected, Unavailable)) as failed:
            channel_to(hook.port).send(message())
        told.append(str(failed.value))
    for more in ({"trust": ssl.create_default_context()}, {"is_allowed": lambda _: False}, {"resolve": lambda *_: []}):
        with pytest.raises((Rejected, Unavailable)) as failed:
            channel_to(hook.port, **more).send(message())
        told.append(str(failed.value))

    assert "hunter2" not in " ".join(told)
    assert all(NAME in one for one in told)
