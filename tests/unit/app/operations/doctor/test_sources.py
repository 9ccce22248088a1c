from datetime import timedelta

import pytest

from app.collectors.excel.plan import ExcelPlan
from app.collectors.schwab.plan import SchwabPlan
from app.collectors.schwab.tokens import Grant, Login
from app.operations.doctor.sources import check_excel, check_login
from tests.factories import MOMENT


def plan(path, **given):
    return SchwabPlan("id", "secret", "https://127.0.0.1:8182", path, **given)


def login(made_ago, **given):
    made = MOMENT - made_ago
    grant = Grant(access_token="a-token", refresh_token="r-token", expires_at=int(made.timestamp()) + 1800)
    return Login(creation_timestamp=int(made.timestamp()), token=grant, **given)


@pytest.mark.parametrize(
    ("days", "given", "level"),
    [(1, {}, "ok"), (6, {}, "warning"), (8, {}, "wrong"), (1, {"login_known": False}, "warning")],
)
def test_a_login_at_schwab_is_good_for_long_or_not(tmp_path, days, given, level):
    path = tmp_path / "token.json"
    path.write_text(login(timedelta(days=days), **given).model_dump_json())
    path.chmod(0o644)

    found = check_login(plan(path), MOMENT)

    assert found.level == level
    assert ("flask schwab-login" in found.fix) is (level != "ok")
    assert "token" not in found.detail
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(("seed", "level"), [(None, "wrong"), ("r-token", "warning")])
def test_without_a_login_a_first_token_is_better_than_none(tmp_path, seed, level):
    assert check_login(plan(tmp_path / "none", refresh_token=seed), MOMENT).level == level


def test_a_damaged_login_is_wrong(tmp_path):
    path = tmp_path / "token.json"
    path.write_text("{")

    found = check_login(plan(path), MOMENT)

    assert (found.level, "damaged" in found.detail) == ("wrong", True)


@pytest.mark.parametrize(
    ("provider", "is_there", "platform", "level"),
    [
        ("excel_file", True, "linux", "ok"),
        ("excel_file", False, "linux", "wrong"),
        ("excel_recorded", False, "win32", "wrong"),
        ("excel_live", True, "linux", "wrong"),
        ("excel_live", True, "win32", "ok"),
        ("excel_live", False, "win32", "wrong"),
    ],
)
def test_a_sheet_can_be_read_here_or_not(tmp_path, provider, is_there, platform, level):
    book = tmp_path / "Thor.xlsx"
    if is_there:
        book.touch()

    assert check_excel(ExcelPlan(provider, book), platform).level == level


def test_a_sheet_that_must_be_open_in_excel_is_looked_for_there(tmp_path):
    assert check_excel(ExcelPlan("excel_live", tmp_path / "none", require_open=True), "win32").level == "ok"
