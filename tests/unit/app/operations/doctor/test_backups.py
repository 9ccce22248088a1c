import os
from datetime import timedelta

import pytest

from app.operations.doctor.backups import check_backups
from tests.factories import MOMENT


def backup(state_dir, name, days):
    (state_dir / "backups").mkdir(exist_ok=True)
    path = state_dir / "backups" / name
    path.touch()
    made = (MOMENT - timedelta(days=days)).timestamp()
    os.utime(path, (made, made))


@pytest.mark.parametrize(("days", "level"), [(0.5, "ok"), (3, "warning"), (9, "wrong")])
def test_the_newest_backup_is_new_enough_or_not(tmp_path, days, level):
    backup(tmp_path, "first", 20)
    backup(tmp_path, "newest", days)
    backup(tmp_path, ".at-work", 0)

    assert check_backups(tmp_path, MOMENT).level == level


def test_a_folder_without_backups_is_warned_of_and_none_is_no_news(tmp_path):
    assert check_backups(tmp_path, MOMENT).level == "unknown"
    (tmp_path / "backups").mkdir()
    assert check_backups(tmp_path, MOMENT).level == "warning"
