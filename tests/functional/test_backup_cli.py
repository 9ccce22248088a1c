import json

import pytest
from sqlalchemy import text

from app.backups.shelf import Shelf
from app.export.ticks import export_day
from tests.factories import quotes
from tests.faults.harness.filling import DAY, LATER, fill_day
from tests.ingesting import publisher

__all__ = ["publisher"]

UNTOLD = "of-a-test-alone"


def test_a_backup_is_made_listed_and_verified(filled, runner):
    made = runner.invoke(args=["backup", "--json"])
    listed = runner.invoke(args=["backups", "--json", "--verify"])

    told, [row] = json.loads(made.output), json.loads(listed.output)["backups"]
    assert (made.exit_code, listed.exit_code) == (0, 0)
    assert (told["rows_by_table"]["ticks_p20251009"], told["lake_files"], told["stream_entries"]) == (30, 1, 2)
    assert (row["name"], row["state"], row["fault"]) == (told["name"], "verified", "")


def test_progress_and_outcome_are_told_to_people(filled, runner):
    made = runner.invoke(args=["backup", "--keep=1"])
    listed = runner.invoke(args=["backups"])

    assert made.exit_code == 0, made.output
    for words in ("Files of the lake: 1", "Tables: ", "Reading back: ", "read back whole", "2 entries of the stream"):
        assert words in made.output
    assert "whole" in listed.output


def test_a_damaged_backup_is_listed_as_bad_with_3(filled, runner, tmp_path):
    runner.invoke(args=["backup", f"--to={tmp_path / 'shelf'}"])
    [kept] = Shelf(tmp_path / "shelf").kept()
    part = kept.folder / kept.manifest.lake[0].path
    part.write_bytes(b"x" + part.read_bytes()[1:])

    listed = runner.invoke(args=["backups", f"--in={tmp_path / 'shelf'}", "--verify"])
    restored = runner.invoke(args=["restore", "latest", f"--in={tmp_path / 'shelf'}", "--dry-run"])

    assert (listed.exit_code, restored.exit_code) == (3, 3)
    assert "bad: lake/ticks" in listed.output
    assert "is damaged, and nothing was restored: lake/ticks" in restored.stderr


def test_a_file_that_nobody_has_ends_the_command_with_1(filled, runner, rt):
    rt.lake.ticks_file(DAY, "ES").unlink()

    made = runner.invoke(args=["backup"])

    assert made.exit_code == 1
    assert "LACKING: ticks/date=2025-10-09/symbol=ES/ticks.parquet is gone" in made.output
    assert "lacking: 1 file" in runner.invoke(args=["backups"]).output


def test_a_backup_beside_another_is_refused_with_3(filled, runner, tmp_path):
    with Shelf(tmp_path / "shelf").held():
        made = runner.invoke(args=["backup", f"--to={tmp_path / 'shelf'}"])

    assert made.exit_code == 3
    assert made.stderr.startswith("error: another backup is being made")


def test_a_machine_that_is_in_use_is_refused_with_3(filled, runner):
    runner.invoke(args=["backup"])

    restored = runner.invoke(args=["restore", "latest"])

    assert restored.exit_code == 3
    assert restored.stderr.startswith("error: this is no empty machine (rows in lake_files, rows in ticks_p20251009")


def test_to_replace_needs_its_word(filled, runner):
    runner.invoke(args=["backup"])

    restored = runner.invoke(args=["restore", "latest", "--replace"], input="replace\n")

    assert restored.exit_code == 3
    assert "needs its word typed, or --yes" in restored.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["restore", "latest"], 2, "there is no whole backup"),
        (["restore", "20261127T031500Z"], 2, "there is no backup"),
        (["restore"], 2, "BACKUP"),
        (["restore", "latest", "--lake-only", "--replace"], 2, "--lake-only goes with neither"),
        (["backup", "--keep=0"], 2, "--keep"),
        (["backup", "--to="], 2, "is not a folder"),
    ],
)
def test_bad_input_is_told_in_one_line(app, runner, words, code, said):
    answer = runner.invoke(args=words)

    assert (answer.exit_code, answer.stderr.count("\n")) == (code, 1)
    assert said in answer.stderr


def test_a_damaged_file_of_the_lake_comes_back_while_thor_runs(filled, runner, rt):
    runner.invoke(args=["backup"])
    path = rt.lake.ticks_file(DAY, "ES")
    whole = path.read_bytes()
    path.write_bytes(b"x" * len(whole))

    restored = runner.invoke(args=["restore", "latest", "--lake-only", "--json"])

    assert (restored.exit_code, json.loads(restored.stdout)["lake_files"]) == (0, 1)
    assert path.read_bytes() == whole


def test_no_secret_is_in_the_manifest(filled, runner_on, rt, tmp_path):
    runner = runner_on(
        smtp_host="mail.desk.lan",
        smtp_user="me",
        alert_mail_to="a@desk.lan",
        alert_mail_from="b@desk.lan",
        **dict.fromkeys(["smtp_password"], UNTOLD),
    )

    runner.invoke(args=["backup", f"--to={tmp_path / 'shelf'}"])

    [kept] = Shelf(tmp_path / "shelf").kept()
    told = (kept.folder / "manifest.json").read_text()
    assert kept.manifest.settings["SMTP_HOST"] == "mail.desk.lan"
    assert UNTOLD not in told
    assert str(rt.settings.database_url.get_secret_value()) not in told


def test_the_database_tells_from_where_it_came(app, runner, rt):
    assert "was at revision" in runner.invoke(args=["prepare-database"]).output
    with rt.sessions.begin() as session:
        known = session.scalar(text("SELECT version_num FROM alembic_version"))
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        answer = runner.invoke(args=["prepare-database"])
    finally:
        with rt.sessions.begin() as session:
            session.execute(text("UPDATE alembic_version SET version_num = :known"), {"known": known})

    assert answer.exit_code == 3
    assert "is at revision 9999, which is newer than this Thor" in answer.stderr


@pytest.fixture
def filled(rt, publisher):
    fill_day(rt.sessions, "ES", 30)
    export_day(rt.sessions, rt.lake, DAY, LATER)
    publisher.publish(quotes(2))
