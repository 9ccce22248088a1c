from urllib.parse import parse_qs, urlsplit

import pytest

from app.collectors.schwab.login import begin
from app.collectors.schwab.plan import SchwabPlan
from app.errors import Conflict, Rejected


@pytest.fixture
def plan(tmp_path):
    return SchwabPlan("the-key", "the-secret", "https://127.0.0.1:8182", tmp_path / "token.json")


@pytest.fixture
def attempt(plan):
    return begin(plan)


def test_the_login_page_is_that_of_the_api_and_knows_the_application(attempt):
    parts = urlsplit(attempt.url)

    assert (parts.scheme, parts.netloc, parts.path) == ("https", "api.schwabapi.com", "/v1/oauth/authorize")
    assert parse_qs(parts.query) == {
        "response_type": ["code"],
        "client_id": ["the-key"],
        "redirect_uri": ["https://127.0.0.1:8182"],
        "state": [attempt.state],
    }


def test_each_attempt_has_a_state_of_its_own(plan):
    assert len({begin(plan).state for _ in range(5)}) == 5


def test_the_code_is_read_from_the_address_as_it_was_before_it_was_escaped(attempt):
    address = f" 'https://127.0.0.1:8182/?code=C0.abc%40&session=1&state={attempt.state}'\n"

    assert attempt.code_of(address) == "C0.abc@"


@pytest.mark.parametrize(
    "address", ["", "C0.abc", "https://127.0.0.1:8182", "https://127.0.0.1:8182/?state={state}", "https://[?code=1"]
)
def test_an_address_without_a_code_is_rejected(attempt, address):
    with pytest.raises(Rejected, match="no code"):
        attempt.code_of(address.format(state=attempt.state))


@pytest.mark.parametrize("query", ["code=a", "code=a&state=", "code=a&state=another", "code=a&state=é", "error=x"])
def test_an_address_of_another_attempt_is_rejected(attempt, query):
    with pytest.raises(Rejected, match="another attempt"):
        attempt.code_of(f"https://127.0.0.1:8182/?{query}")


@pytest.mark.parametrize(("error", "told"), [("access_denied", "access_denied"), ("<script>", "does not say why")])
def test_a_refusal_is_told_in_words_and_nothing_else(attempt, error, told):
    with pytest.raises(Conflict, match=told):
        attempt.code_of(f"https://127.0.0.1:8182/?error={error}&state={attempt.state}")


def test_neither_plan_nor_attempt_show_a_secret(plan, attempt):
    text = repr(plan) + repr(attempt)

    assert not [secret for secret in ("the-key", "the-secret", attempt.state) if secret in text]
