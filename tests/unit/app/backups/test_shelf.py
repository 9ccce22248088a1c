import pytest

from app.backups.manifest import MANIFEST
from app.backups.shelf import Shelf, parse_shelf
from app.errors import Conflict, NotFound, Rejected
from tests.backups import MADE_AT, written_backup

NAMES = [f"2026112{day}T031500Z" for day in (4, 5, 6, 7)]


def test_backups_are_listed_oldest_first_and_a_bad_one_with_its_fault(shelf):
    (shelf.root / NAMES[1] / MANIFEST).write_text("{}")

    assert [(kept.name, kept.manifest is not None) for kept in shelf.kept()] == [
        (NAMES[0], True),
        (NAMES[1], False),
        (NAMES[2], True),
        (NAMES[3], True),
    ]
    assert "not what was written" in shelf.kept()[1].fault


def test_what_a_killed_backup_left_is_never_listed_and_goes_with_the_next(shelf):
    left = shelf.begin(MADE_AT.replace(hour=4))
    (left / "part").write_text("half of it")

    assert left.name not in [kept.name for kept in shelf.kept()]
    shelf.begin(MADE_AT.replace(hour=5))
    assert not left.exists()


def test_a_draft_counts_once_it_is_placed(tmp_path):
    shelf = Shelf(tmp_path)
    draft = shelf.begin(MADE_AT)
    (draft / "part").write_text("x")

    folder = shelf.place(draft)

    assert (folder, draft.exists()) == (tmp_path / "20261127T031500Z", False)
    with pytest.raises(Conflict, match="exists"):
        shelf.begin(MADE_AT)


def test_the_newest_are_kept_and_a_bad_one_is_left_for_somebody_to_see(shelf):
    (shelf.root / NAMES[0] / MANIFEST).write_text("{}")

    assert shelf.remove_old(2) == [NAMES[1]]
    assert [kept.name for kept in shelf.kept()] == [NAMES[0], NAMES[2], NAMES[3]]


def test_a_backup_is_found_by_name_by_path_or_as_the_latest(shelf):
    (shelf.root / NAMES[3] / MANIFEST).unlink()

    assert shelf.find(NAMES[0]) == shelf.root / NAMES[0]
    assert shelf.find(str(shelf.root / NAMES[1])) == shelf.root / NAMES[1]
    assert shelf.find("latest") == shelf.root / NAMES[2]


def test_a_backup_that_is_not_there_is_not_found(tmp_path):
    with pytest.raises(NotFound, match="no whole backup"):
        Shelf(tmp_path / "none").find("latest")
    with pytest.raises(NotFound, match="there is no backup 'x'"):
        Shelf(tmp_path).find("x")


def test_one_makes_a_backup_at_a_time(tmp_path):
    with (
        Shelf(tmp_path).held(),
        pytest.raises(Conflict, match="another backup is being made"),
        Shelf(tmp_path).held(),
    ):
        pass
    with Shelf(tmp_path).held():
        pass


@pytest.mark.parametrize("inside", [".", "sub", "ticks/date=2025-10-09"])
def test_backups_do_not_go_into_the_lake(tmp_path, inside):
    with pytest.raises(Rejected, match="lies in the lake"):
        parse_shelf(str(tmp_path / inside), tmp_path)


def test_a_file_or_a_link_is_no_folder_for_backups(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path)

    for text in ("", str(tmp_path / "file"), str(tmp_path / "link")):
        with pytest.raises(Rejected, match="is not a folder"):
            parse_shelf(text, tmp_path / "lake")


@pytest.fixture
def shelf(tmp_path):
    for name in NAMES:
        written_backup(tmp_path, name)
    return Shelf(tmp_path)
