import os

import pytest

from app.operations.backup_age import newest_backup


def test_without_backups_there_is_none(tmp_path):
    assert newest_backup(tmp_path) is None

    (tmp_path / "backups").mkdir()
    assert newest_backup(tmp_path) is None


@pytest.mark.parametrize("unfinished", [".hidden", "2025-10-10.tmp", "2025-10-10.partial", "backup.lock"])
def test_the_newest_that_was_finished_counts(tmp_path, unfinished):
    for place, name in enumerate(("one.tar", "two.tar", unfinished)):
        made = tmp_path / "backups" / name
        made.parent.mkdir(exist_ok=True)
        made.write_text("")
        os.utime(made, (100 + place, 100 + place))

    assert newest_backup(tmp_path) == 101
