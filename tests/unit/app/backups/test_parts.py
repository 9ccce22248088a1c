import hashlib

from app.backups.parts import Folder, Unpacked
from app.lake.facts import file_digest
from tests.backups import written_backup

NAME = "20261127T031500Z"


def test_what_is_packed_comes_back_with_its_hash_and_lines(tmp_path):
    parts = []
    with Folder(tmp_path).packed("a/b.zst", parts) as packed:
        packed.write(b"one\ntwo\n" * 100_000)

    back = Unpacked(tmp_path / "a/b.zst").read_all()

    assert (
        (back.lines, back.sha256)
        == (packed.lines, packed.sha256)
        == (200_000, hashlib.sha256(b"one\ntwo\n" * 100_000).hexdigest())
    )
    assert parts[0].sha256 == file_digest(tmp_path / "a/b.zst")
    assert parts[0].bytes == (tmp_path / "a/b.zst").stat().st_size < 10_000
    assert (tmp_path / "a/b.zst").stat().st_mode & 0o777 == 0o600


def test_what_an_earlier_backup_has_is_the_same_file(tmp_path):
    manifest = written_backup(tmp_path)
    known = manifest.lake[0]
    folder = Folder(tmp_path / "new", [(tmp_path / NAME, manifest)])

    linked = folder.link("lake/x.parquet", known.sha256)

    assert linked is not None
    assert (tmp_path / "new/lake/x.parquet").samefile(tmp_path / NAME / known.path)
    assert (folder.linked_bytes, folder.linked) == (known.bytes, {"lake/x.parquet"})


def test_a_copy_that_an_earlier_backup_has_is_linked_as_well(tmp_path):
    manifest = written_backup(tmp_path)
    known = manifest.lake[0]
    folder = Folder(tmp_path / "new", [(tmp_path / NAME, manifest)])

    part = folder.copy("state/y", tmp_path / NAME / known.path)

    assert part.sha256 == known.sha256
    assert (tmp_path / "new/state/y").samefile(tmp_path / NAME / known.path)
    assert [path.name for path in (tmp_path / "new/state").iterdir()] == ["y"]


def test_damage_of_an_earlier_backup_is_not_handed_on(tmp_path):
    manifest = written_backup(tmp_path)
    known = manifest.lake[0]
    (tmp_path / NAME / known.path).write_bytes(b"x" * known.bytes)

    assert Folder(tmp_path / "new", [(tmp_path / NAME, manifest)]).link("lake/x.parquet", known.sha256) is None


def test_unrelated_rows_do_not_change_how_a_part_is_packed(tmp_path):
    for name in ("one", "two"):
        with Folder(tmp_path / name).packed("a.zst", []) as packed:
            packed.write(b"the same\n" * 1000)

    assert (tmp_path / "one/a.zst").read_bytes() == (tmp_path / "two/a.zst").read_bytes()


def test_without_hard_links_a_part_is_copied(tmp_path, monkeypatch):
    manifest = written_backup(tmp_path)
    known = manifest.lake[0]

    def refuse(*_paths):
        raise OSError("no links here")

    monkeypatch.setattr("os.link", refuse)
    Folder(tmp_path / "new", [(tmp_path / NAME, manifest)]).link("x", known.sha256)

    assert file_digest(tmp_path / "new/x") == known.sha256
    assert not (tmp_path / "new/x").samefile(tmp_path / NAME / known.path)
