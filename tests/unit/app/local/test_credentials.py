import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.errors import Conflict
from app.local.credentials import KEY_FILE, session_key


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
