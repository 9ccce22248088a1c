import os
import stat
import threading

import pytest

from app.collectors.schwab.token_file import TokenFile
from app.collectors.schwab.tokens import NeedsLogin
from app.errors import Rejected, Unavailable
from tests.schwab_logins import login

FIRST, SECOND, THIRD = (login(token={"access_token": f"access-{number}"}) for number in (1, 2, 3))


@pytest.fixture
def file(tmp_path):
    return TokenFile(tmp_path / "schwab" / "token.json")


def write(file, *logins):
    with file.held():
        for each in logins:
            file.write(each)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_there_is_no_login_before_one_is_written(file):
    assert file.read() is None


def test_what_is_written_is_read(file):
    write(file, FIRST)

    assert TokenFile(file.path).read() == FIRST


def test_the_login_before_is_kept_beside_it(file):
    write(file, FIRST, SECOND, THIRD)

    assert TokenFile(file.previous).read() == SECOND


def test_files_and_folder_are_their_owners_alone_whatever_the_mask(file):
    before = os.umask(0)
    try:
        write(file, FIRST, SECOND)
    finally:
        os.umask(before)

    assert mode(file.path.parent) == 0o700
    assert {path.name: mode(path) for path in file.path.parent.iterdir()} == {
        "token.json": 0o600,
        "token.json.previous": 0o600,
        "token.json.lock": 0o600,
    }


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"creation_timestamp": 7}', b"\x00" * 200, b"\xff\xfe"])
def test_a_damaged_file_gives_way_to_the_previous_one_and_says_so_once(file, caplog, content):
    write(file, FIRST, SECOND)
    file.path.write_bytes(content)

    assert [file.read(), file.read()] == [FIRST, FIRST]
    assert [record.message for record in caplog.records] == [f"{file.path} is damaged: the previous copy is used"]


def test_a_damaged_file_is_no_copy_that_is_kept(file):
    write(file, FIRST, SECOND)
    file.path.write_text("{")

    write(file, THIRD)

    assert file.read() == THIRD
    assert TokenFile(file.previous).read() == FIRST


def test_a_damaged_file_without_a_good_copy_needs_a_login(file):
    write(file, FIRST)
    file.path.write_text("{")

    with pytest.raises(NeedsLogin, match="flask schwab-login"):
        file.read()


def test_a_file_that_others_can_read_is_made_private_with_a_warning(file, caplog):
    write(file, FIRST)
    file.path.chmod(0o644)

    assert file.read() == FIRST
    assert mode(file.path) == 0o600
    assert "could be read by others" in caplog.text


def test_a_link_is_refused_for_reading_and_for_writing(file, tmp_path):
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_text(FIRST.model_dump_json())
    file.path.parent.mkdir()
    file.path.symlink_to(elsewhere)

    with pytest.raises(Rejected, match="symbolic link"):
        file.read()
    with pytest.raises(Rejected, match="symbolic link"):
        write(file, SECOND)
    assert elsewhere.read_text() == FIRST.model_dump_json()


def test_a_link_in_place_of_the_temporary_is_not_followed(file, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("as it was")
    file.path.parent.mkdir()
    file.path.with_name(".token.json.new").symlink_to(elsewhere)

    write(file, FIRST)

    assert file.read() == FIRST
    assert elsewhere.read_text() == "as it was"


def test_a_pipe_is_refused_at_once(file):
    file.path.parent.mkdir()
    os.mkfifo(file.path, 0o600)

    with pytest.raises(Rejected, match="no plain file"):
        file.read()


def test_two_do_not_hold_it_at_once(file):
    with file.held(), pytest.raises(Unavailable, match="another process"), TokenFile(file.path).held(wait_s=0.05):
        pass


def test_two_threads_do_not_hold_one_object_at_once(file):
    refused = []

    def hold():
        try:
            with file.held(wait_s=0.05):
                pass
        except Unavailable as error:
            refused.append(error)

    with file.held():
        thread = threading.Thread(target=hold)
        thread.start()
        thread.join()

    assert len(refused) == 1


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "schwab").write_text("a file")

    with (
        pytest.raises(Unavailable, match="cannot use"),
        TokenFile(tmp_path / "schwab" / "inner" / "token.json").held(),
    ):
        pass
