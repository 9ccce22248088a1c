import os

import pytest

from app.operations.doctor.permissions import check_environment, check_lake, check_private, check_state

SECRETS = {"REDIS_URL", "SMTP_PASSWORD"}


@pytest.mark.parametrize(("mode", "level"), [(0o700, "ok"), (0o755, "wrong"), (0o770, "wrong")])
def test_a_state_directory_that_is_open_to_others_is_wrong(tmp_path, mode, level):
    folder = tmp_path / "state"
    folder.mkdir()
    folder.chmod(mode)

    found = check_state(folder, os.geteuid())

    assert found.level == level
    assert found.fix == ("" if level == "ok" else f"chmod 700 {folder}")


def test_a_state_directory_of_another_user_is_wrong_and_one_that_is_not_there_is_not(tmp_path):
    assert check_state(tmp_path, os.geteuid() + 1).level == "wrong"
    assert check_state(tmp_path / "none", os.geteuid()).level == "ok"


def test_a_secret_that_others_can_read_is_named_and_not_told(tmp_path):
    kept, opened = tmp_path / "kept", tmp_path / "opened"
    for path, mode in ((kept, 0o600), (opened, 0o640)):
        path.write_text("pa55word")
        path.chmod(mode)

    assert check_private([kept, tmp_path / "none"]).level == "ok"
    found = check_private([kept, opened])
    assert found.level == "wrong"
    assert str(opened) in found.fix
    assert str(kept) not in found.detail
    assert "pa55word" not in found.detail + found.fix


@pytest.mark.parametrize(
    ("text", "mode", "level"),
    [
        ("REDIS_URL=redis://:pa55word@h/0\n", 0o600, "ok"),
        ("REDIS_URL=redis://:pa55word@h/0\n", 0o644, "wrong"),
        ("export REDIS_URL='redis://:pa55word@h/0'\n", 0o644, "wrong"),
        ("# REDIS_URL=redis://h/0\nWEB_PORT=8000\nSMTP_PASSWORD=\n", 0o644, "ok"),
    ],
)
def test_an_env_file_that_holds_secrets_and_can_be_read_by_others_is_wrong(tmp_path, text, mode, level):
    path = tmp_path / ".env"
    path.write_text(text)
    path.chmod(mode)

    found = check_environment(path, SECRETS)

    assert found.level == level
    assert "pa55word" not in found.detail + found.fix


def test_without_an_env_file_there_is_nothing_to_read(tmp_path):
    assert check_environment(tmp_path / ".env", SECRETS).level == "ok"


def test_a_lake_that_anybody_can_write_to_is_wrong(tmp_path):
    ticks = tmp_path / "ticks"
    ticks.mkdir()

    assert check_lake(tmp_path).level == "ok"
    ticks.chmod(0o777)
    found = check_lake(tmp_path)
    assert (found.level, str(ticks) in found.detail) == ("wrong", True)
