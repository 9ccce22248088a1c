import pytest

from tests.faults.scenarios.token_kills import TOKEN_KILLS, Found

pytestmark = pytest.mark.timeout(120)


def test_kills_of_refreshers_leave_a_login_that_is_whole_and_private(play):
    outcome = play(TOKEN_KILLS)

    assert outcome.wrong == []
    assert outcome.figures["kills"] == 30


def test_a_torn_and_a_public_file_would_be_found(tmp_path):
    (tmp_path / "token.json").write_text('{"creation_timestamp": 1, "tok')
    (tmp_path / "token.json").chmod(0o644)
    found = Found("a-token")

    found.look(tmp_path, 7)

    assert found.wrong == [
        "after kill 7 token.json has mode 644",
        "after kill 7 token.json cannot be read: ValidationError",
        "after kill 7 token.json.previous cannot be read: FileNotFoundError",
    ]
