import pytest
from argon2 import PasswordHasher

from app.access.passwords import check_password, generate_password, hash_password, is_outdated
from app.errors import Rejected

PASSWORD = "correct horse battery"


def test_a_password_is_kept_as_an_argon2id_hash_with_a_salt():
    kept = hash_password(PASSWORD)

    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert kept != hash_password(PASSWORD)
    assert [check_password(kept, text) for text in (PASSWORD, PASSWORD.upper(), "", PASSWORD * 99)] == [True] + [
        False
    ] * 3


@pytest.mark.parametrize("kept", [None, "", "plain", "$argon2id$v=19$m=19456,t=2,p=1$bm90"])
def test_without_a_hash_that_can_be_read_nothing_is_right(kept):
    assert [check_password(kept, text) for text in ("", PASSWORD)] == [False, False]


@pytest.mark.parametrize("text", ["", "short", "x" * 11, "x" * 1025])
def test_a_password_that_is_too_short_or_too_long_is_refused(text):
    with pytest.raises(Rejected, match="12 to 1024 letters"):
        hash_password(text)


def test_a_hash_of_other_costs_still_opens_and_is_outdated():
    old = PasswordHasher(1, 8, 1).hash(PASSWORD)

    assert check_password(old, PASSWORD)
    assert (is_outdated(old), is_outdated(hash_password(PASSWORD))) == (True, False)


def test_a_password_that_is_made_is_good_enough_and_never_the_same():
    made = {generate_password() for _ in range(100)}

    assert len(made) == 100
    assert hash_password(made.pop())


def test_unknown_names_take_the_work_of_known_ones(monkeypatch):
    checked = []
    monkeypatch.setattr(PasswordHasher, "verify", lambda _self, kept, _password: checked.append(kept) or False)

    check_password(hash_password(PASSWORD), "wrong")
    check_password(None, "wrong")

    assert [kept.rsplit("$", 2)[0] for kept in checked] == ["$argon2id$v=19$m=19456,t=2,p=1"] * 2
