import os

import pytest
from hypothesis import HealthCheck, given, settings, strategies

from app.cli.output_dir import parse_output_dir
from app.errors import Rejected
from app.lake.layout import Lake


def test_a_folder_that_exists_or_could_be_made_is_taken(lake, tmp_path, monkeypatch):
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path)

    assert parse_output_dir(str(tmp_path / "there"), lake).root == tmp_path / "there"
    assert parse_output_dir("new", lake).root == tmp_path / "new"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not a folder's name"),
        ("a\nb", "not a folder's name"),
        ("../x", "plainly"),
        ("x/../../y", "plainly"),
        ("~/x", "plainly"),
        ("C:\\CustomData", "plainly"),
        ("\\\\host\\share", "plainly"),
        ("file", "is a file"),
        ("x" * 5_000, "File name too long"),
        ("link", "symbolic link"),
        ("missing/x", "lies in no folder"),
        ("file/x", "lies in no folder"),
        ("lake", "is the lake"),
        ("lake/ticks", "is the lake"),
    ],
)
def test_a_place_that_makes_no_sense_is_rejected(lake, tmp_path, monkeypatch, text, reason):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("/tmp")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(Rejected, match=reason):
        parse_output_dir(text, lake)


@settings(max_examples=2_000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(strategies.text("./\\~\x00:%a \n\u202e", max_size=16))
def test_of_any_name_none_leads_above_the_folder_that_it_is_written_in(lake, tmp_path, name):
    try:
        found = parse_output_dir(f"{tmp_path}/{name}", lake).root
    except Rejected as error:
        assert str(error).isprintable()
        return

    assert found.resolve().is_relative_to(tmp_path.resolve())
    assert not found.resolve().is_relative_to(lake.root.resolve())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write_is_rejected(lake, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)

    with pytest.raises(Rejected, match="cannot be written"):
        parse_output_dir(str(tmp_path / "closed"), lake)


@pytest.fixture
def lake(tmp_path):
    root = tmp_path / "lake"
    root.mkdir()
    return Lake(root)
