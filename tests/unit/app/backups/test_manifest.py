import json

import pytest

from app.backups.manifest import MANIFEST, SUMS, find_damage, manifest_texts, read_manifest
from app.errors import Conflict, NotFound
from app.lake.facts import file_digest
from tests.backups import written_backup

NAME = "20261127T031500Z"


def test_a_manifest_is_read_as_it_was_written(tmp_path):
    manifest = written_backup(tmp_path)

    assert read_manifest(tmp_path / NAME) == manifest
    assert [fault for _part, fault in find_damage(tmp_path / NAME, manifest)] == ["", "", ""]


def test_the_sums_are_those_of_sha256sum(tmp_path):
    written_backup(tmp_path)

    for line in (tmp_path / NAME / SUMS).read_text().splitlines():
        digest, path = line.split("  ")
        assert file_digest(tmp_path / NAME / path) == digest


@pytest.mark.parametrize("place", range(0, 900, 37))
def test_a_byte_of_the_manifest_that_differs_is_noticed(tmp_path, place):
    written_backup(tmp_path)
    flip(tmp_path / NAME / MANIFEST, place)

    with pytest.raises(Conflict, match="not what was written"):
        read_manifest(tmp_path / NAME)


@pytest.mark.parametrize("place", range(0, 300, 23))
def test_a_byte_of_the_sums_that_differs_is_noticed(tmp_path, place):
    written_backup(tmp_path)
    flip(tmp_path / NAME / SUMS, place)

    with pytest.raises(Conflict, match=r"not what was written|cannot be read"):
        read_manifest(tmp_path / NAME)


@pytest.mark.parametrize("name", [MANIFEST, SUMS])
def test_a_backup_without_its_manifest_is_none(tmp_path, name):
    written_backup(tmp_path)
    (tmp_path / NAME / name).unlink()

    with pytest.raises(NotFound, match=name):
        read_manifest(tmp_path / NAME)


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "a/../../b", "", "a\nb"])
def test_a_part_outside_of_the_backup_is_refused_even_with_right_sums(tmp_path, path):
    manifest = written_backup(tmp_path)
    told = json.loads(manifest.model_dump_json())
    told["lake"][0]["path"] = path
    rewrite(tmp_path, manifest, told)

    with pytest.raises(Conflict, match="no manifest that this Thor reads"):
        read_manifest(tmp_path / NAME)


def test_a_newer_format_is_refused(tmp_path):
    manifest = written_backup(tmp_path)
    rewrite(tmp_path, manifest, {**json.loads(manifest.model_dump_json()), "format": 2})

    with pytest.raises(Conflict, match=r"\(format"):
        read_manifest(tmp_path / NAME)


def test_every_kind_of_damage_is_told_by_part(tmp_path):
    manifest = written_backup(tmp_path)
    table, lake, bus = manifest.parts
    flip(tmp_path / NAME / table.path, 3)
    (tmp_path / NAME / lake.path).unlink()
    (tmp_path / NAME / bus.path).write_bytes(b"short")

    faults = [fault for _part, fault in find_damage(tmp_path / NAME, manifest)]

    assert faults == [
        "database/alerts.copy.zst is damaged: its hash is another",
        "lake/ticks/date=2025-10-09/symbol=ES/ticks.parquet is missing",
        "bus/stream.resp.zst has 5 bytes instead of 32",
    ]


def test_a_part_that_became_a_link_is_missing(tmp_path):
    manifest = written_backup(tmp_path)
    place = tmp_path / NAME / manifest.parts[0].path
    place.rename(tmp_path / "elsewhere")
    place.symlink_to(tmp_path / "elsewhere")

    assert [fault for _part, fault in find_damage(tmp_path / NAME, manifest) if fault] == [
        "database/alerts.copy.zst is missing"
    ]


def flip(path, place):
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= 0x10
    path.write_bytes(data)


def rewrite(root, manifest, told):
    (root / NAME / MANIFEST).write_text(json.dumps(told))
    (root / NAME / SUMS).write_text(manifest_texts(manifest, file_digest(root / NAME / MANIFEST)))
