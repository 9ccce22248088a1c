import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from app.lake.claims import STALE_AFTER_S, claimed, remove_abandoned
from tests.waiting import until

HOLDER = """
import sys
from pathlib import Path
from app.lake.claims import claimed
with claimed(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_file_stays_while_its_writer_is_at_work(path, now):
    with claimed(path):
        during = remove_abandoned(path, now)

    assert (during, remove_abandoned(path, now), path.exists()) == (False, True, False)


def test_a_claim_goes_along_when_the_file_is_renamed(path, now, tmp_path):
    with claimed(path):
        path.replace(tmp_path / "elsewhere")

        assert not remove_abandoned(tmp_path / "elsewhere", now)


def test_a_claim_ends_with_a_writer_that_is_killed(path, now):
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline() == b"held\n"
        held = remove_abandoned(path, now)
        holder.kill()
        holder.wait()

    assert not held
    until(lambda: remove_abandoned(path, now))


def test_what_nobody_has_written_to_for_an_hour_remove_abandoned_claimed_or_not(path, now):
    with claimed(path):
        os.utime(path, ((now - timedelta(seconds=STALE_AFTER_S + 60)).timestamp(),) * 2)

        assert remove_abandoned(path, now)


def test_a_file_that_is_gone_needs_no_removing(path, now):
    assert not remove_abandoned(path, now)


def test_a_folder_that_is_gone_is_told(path):
    with pytest.raises(FileNotFoundError), claimed(path.parent / "absent" / "file"):
        pass


@pytest.fixture
def path(tmp_path):
    return tmp_path / "draft.part"


@pytest.fixture
def now():
    return datetime.now(UTC)
