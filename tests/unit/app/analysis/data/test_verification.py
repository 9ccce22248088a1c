from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from app.analysis.data import verification
from app.analysis.data.verification import check_unchanged, verify
from app.analysis.inputs import TickFile
from app.errors import Conflict, Unavailable
from app.lake.facts import file_digest
from app.lake.files import draft
from app.lake.layout import Lake
from app.lake.schemas import TICK_FILE
from app.lake.seals import BLANK
from tests.ticks import DAY, LATER, tick_table, trade, write_ticks

REMEDY = "export that day again with --overwrite, or restore the file from a copy"


def test_a_file_with_its_recorded_digest_is_believed(file):
    found = verify("ES", file)

    assert (found.file, found.sha256, found.in_order) == (file, file_digest(file.path), True)


def test_a_file_without_a_recorded_digest_is_believed_page_by_page(file):
    assert verify("ES", replace(file, sha256=None)).sha256 == file.sha256


def test_a_file_without_the_label_of_its_order_is_not_taken_to_be_in_it(file):
    pq.write_table(tick_table([trade(1, 10, 1)]), file.path)

    assert not verify("ES", replace(file, sha256=file_digest(file.path))).in_order


@pytest.mark.parametrize("is_recorded", [True, False])
@pytest.mark.parametrize("place", [100, -1], ids=["in a page", "at the end"])
def test_a_damaged_file_is_refused_with_its_day_and_what_to_do(file, is_recorded, place):
    content = bytearray(file.path.read_bytes())
    content[place] ^= 0xFF
    file.path.write_bytes(content)

    with pytest.raises(Conflict, match=f"the ticks of ES on 2025-10-09 is .*{REMEDY}") as refused:
        verify("ES", file if is_recorded else replace(file, sha256=None))

    assert str(file.path.parent) not in str(refused.value)


def test_a_file_that_was_believed_is_not_believed_again_once_its_bytes_change(file):
    verify("ES", file)
    content = bytearray(file.path.read_bytes())
    content[100] ^= 1
    file.path.write_bytes(content)

    with pytest.raises(Conflict, match="is not the one that was recorded"):
        verify("ES", file)


def test_a_digest_does_not_stand_for_pages_that_were_never_checked(file):
    pq.write_table(tick_table([trade(2, 10, 1), trade(1, 10, 1)]), file.path)
    verify("ES", replace(file, sha256=file_digest(file.path)))

    with pytest.raises(Conflict, match="is damaged"):
        verify("ES", replace(file, sha256=None))


def test_a_missing_file_and_one_that_cannot_be_read_are_told_apart(file, tmp_path):
    with pytest.raises(Conflict, match="ES on 2025-10-09 is missing"):
        verify("ES", replace(file, path=tmp_path / "none"))
    with pytest.raises(Unavailable, match="ES on 2025-10-09 cannot be read: Is a directory"):
        verify("ES", replace(file, path=tmp_path))


def test_a_file_is_read_whole_only_once(file, monkeypatch):
    verify("ES", file)
    opened = []
    monkeypatch.setattr(Path, "open", lambda *told, **_: opened.append(told))
    monkeypatch.setattr(verification, "labels_of", opened.append)

    verify("ES", file)

    assert opened == []


def test_the_merged_file_that_took_the_place_of_the_recorded_one_is_believed(lake, file):
    labels = {"seal": BLANK, "merged_from": file.sha256}
    batches = tick_table([trade(1, 10, 1), trade(2, 11, 2)]).to_batches()
    with draft(
        lake, file.path, TICK_FILE, batches, day=DAY, symbol="ES", taken_at=LATER, labels=lambda: labels
    ) as merged:
        merged.put()

    found = verify("ES", file)

    assert found.sha256 == file_digest(file.path) != file.sha256


def test_a_file_that_is_replaced_while_it_is_read_is_to_be_read_again(lake, file):
    found = verify("ES", file)
    check_unchanged("ES", found)
    write_ticks(lake, [trade(1, 99, 1)])

    with pytest.raises(Unavailable, match="ES on 2025-10-09 was replaced while it was read: try again"):
        check_unchanged("ES", found)
    file.path.unlink()
    with pytest.raises(Unavailable, match="try again"):
        check_unchanged("ES", found)


@pytest.fixture
def file(lake):
    facts = write_ticks(lake, [trade(1, 10, 1)])
    return TickFile(DAY, lake.ticks_file(DAY, "ES"), facts.sha256, facts.rows)


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")
