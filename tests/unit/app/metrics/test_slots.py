import pytest

from app.errors import Unavailable
from app.metrics.slots import FILE_BYTES, files_of, take_slot


def test_each_who_counts_at_once_has_a_place_of_its_own(tmp_path):
    taken = [take_slot(tmp_path, role) for role in ("web", "web", "export")]

    assert [slot.file.name for slot in taken] == ["web-0.db", "web-1.db", "export-0.db"]
    assert {slot.file.stat().st_size for slot in taken} == {FILE_BYTES}


def test_a_place_that_was_left_is_the_next_ones(tmp_path):
    first, second = take_slot(tmp_path, "web"), take_slot(tmp_path, "web")
    first.leave()

    assert take_slot(tmp_path, "web").file == first.file
    assert second.file != first.file


def test_who_runs_is_told_by_the_lock(tmp_path):
    kept, left = take_slot(tmp_path, "web"), take_slot(tmp_path, "export")
    left.leave()

    assert dict(files_of(tmp_path)) == {kept.file: True, left.file: False}


def test_looking_takes_nobodys_place(tmp_path):
    kept = take_slot(tmp_path, "web")

    for _ in range(3):
        assert list(files_of(tmp_path)) == [(kept.file, True)]


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(Unavailable, match="counts cannot be kept"):
        take_slot(tmp_path / "file" / "metrics", "web")
