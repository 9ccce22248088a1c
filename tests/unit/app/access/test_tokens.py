import pytest

from app.access.tokens import is_same, make_token, read_token


def test_a_secret_has_256_random_bits_and_is_kept_as_a_digest_alone():
    tokens = [make_token("key") for _ in range(200)]

    secrets = {token.text[len("thor_key_") + 13 :] for token in tokens}
    assert len(secrets) == len({token.id for token in tokens}) == 200
    assert {len(secret) for secret in secrets} == {43}
    assert all(token.digest not in token.text and token.text not in repr(token) for token in tokens)


@pytest.mark.parametrize("kind", ["key", "login", "link", "ticket"])
def test_a_secret_is_read_as_what_it_is_and_nothing_else(kind):
    made = make_token(kind)

    found = read_token(made.text, kind)

    assert found == made
    assert is_same(found, made.digest)
    assert not is_same(found, make_token(kind).digest)
    assert [read_token(made.text, other) for other in {"key", "login", "link", "ticket"} - {kind}] == [None] * 3


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:0],
        lambda text: text[:-1],
        lambda text: text + "x",
        lambda text: text.upper(),
        lambda text: f" {text}",
        lambda text: f"{text}\n",
        lambda text: text[:-1] + "é",
        lambda text: text.replace("thor", "odin"),
    ],
)
def test_what_has_not_the_form_of_a_secret_is_none(change):
    assert read_token(change(make_token("key").text), "key") is None
