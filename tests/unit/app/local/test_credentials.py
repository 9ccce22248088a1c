import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.errors import Conflict, Rejected
from app.local.credentials import HASH_FILE, KEY_FILE, AdminPassword, session_key

PASSWORD = "correct horse battery"


@pytest.fixture
def password(tmp_path):
    return AdminPassword(tmp_path)


def test_a_password_is_kept_as_a_scrypt_hash_that_only_its_owner_reads(password, tmp_path):
    password.set(PASSWORD)

    kept = tmp_path / HASH_FILE
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert '"scrypt:' in kept.read_text()
    assert PASSWORD not in kept.read_text()
    assert [password.check(text) for text in (PASSWORD, PASSWORD.upper(), "", PASSWORD * 99)] == [True] + [False] * 3


def test_without_a_password_nothing_is_right(password):
    assert not password.is_set()
    assert password.mark() == ""
    assert [password.check(text) for text in ("", "0" * 128, PASSWORD)] == [False] * 3


def test_another_password_has_another_mark_and_the_old_one_is_wrong(password):
    password.set(PASSWORD)
    before = password.mark()

    made = password.generate()

    assert len(made) >= 20
    assert password.mark() not in (before, "")
    assert [password.check(made), password.check(PASSWORD)] == [True, False]


@pytest.mark.parametrize("text", ["", "short", "x" * 11, "x" * 1025])
def test_a_password_that_is_too_short_or_too_long_is_refused(password, text):
    with pytest.raises(Rejected, match="12 to 1024 letters"):
        password.set(text)

    assert not password.is_set()


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"scrypt": ""}', '{"scrypt": "plain:x"}', '{"scrypt": 5}'])
def test_a_damaged_file_lets_nobody_in(password, tmp_path, content):
    (tmp_path / HASH_FILE).write_text(content)

    with pytest.raises(Conflict):
        password.check("")


def test_the_key_is_made_once_and_private(tmp_path):
    key = session_key(tmp_path / "var")

    assert len(key) == 32
    assert session_key(tmp_path / "var") == key
    assert session_key(tmp_path / "other") != key
    assert stat.S_IMODE((tmp_path / "var" / KEY_FILE).stat().st_mode) == 0o600


def test_many_who_need_a_key_at_once_get_the_same_and_leave_nothing_behind(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        keys = list(pool.map(lambda _: session_key(tmp_path), range(64)))

    assert len(set(keys)) == 1
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]


@pytest.mark.parametrize("content", ["", "00ff", "zz" * 32, "0" * 66])
def test_a_damaged_key_is_told(tmp_path, content):
    (tmp_path / KEY_FILE).write_text(content)

    with pytest.raises(Conflict, match="damaged"):
        session_key(tmp_path)
