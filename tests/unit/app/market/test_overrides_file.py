import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from app.errors import Rejected
from app.market import overrides_file
from app.market.markets import LIMITS, Markets
from app.market.overrides import MAX_BYTES, Overrides
from app.market.overrides_file import OverridesFile, read_overrides
from tests.fakes import FixedClock

DAY = date(2027, 3, 10)
MORNING = datetime(2027, 3, 10, 18, tzinfo=UTC)


def closing(close: str) -> str:
    return f"overrides:\n  - {{markets: [CME_Futures], date: {DAY}, close: {close}, name: A day}}\n"


def close_of(found: Overrides) -> str:
    return f"{found.by_market['CME_Futures'][0].close:%H:%M}"


def test_what_cannot_be_read_is_refused_with_the_files_name(tmp_path: Path) -> None:
    wrong = {
        "missing.yaml": (lambda _path: None, "cannot be read: No such file"),
        "folder.yaml": (Path.mkdir, "no file"),
        "pipe.yaml": (os.mkfifo, "no file"),
        "binary.yaml": (lambda path: path.write_bytes(b"\xff\xfe\x00"), "not UTF-8"),
        "huge.yaml": (lambda path: path.write_bytes(b"#" * (MAX_BYTES + 1)), "more than 100,000 bytes"),
        "wrong.yaml": (lambda path: path.write_text("overrides: 1"), "must be a list"),
    }
    for name, (make, reason) in wrong.items():
        make(tmp_path / name)

        with pytest.raises(Rejected, match=rf"{name}: .*{reason}"):
            read_overrides(tmp_path / name, LIMITS)


def test_an_unchanged_file_gives_the_same_overrides(path: Path, file: OverridesFile) -> None:
    assert file.current() is file.current()


def test_a_changed_file_is_read_again(path: Path, file: OverridesFile, look_again: Callable[[], None]) -> None:
    assert close_of(file.current()) == "08:30"

    path.write_text(closing("09:45"))
    look_again()

    assert close_of(file.current()) == "09:45"


def test_a_file_that_is_replaced_by_one_of_the_same_size_and_age_is_read_again(
    path: Path, file: OverridesFile, look_again: Callable[[], None]
) -> None:
    file.current()
    stamp = path.stat().st_mtime_ns
    other = path.with_name("next.yaml")
    other.write_text(closing("09:45"))
    os.utime(other, ns=(stamp, stamp))

    other.replace(path)
    look_again()

    assert close_of(file.current()) == "09:45"


def test_the_file_is_not_looked_at_more_than_once_a_second(path: Path, file: OverridesFile) -> None:
    file.current()

    path.write_text(closing("09:45"))

    assert close_of(file.current()) == "08:30"


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda path: path.write_text(closing("25:00")), "must be a time"),
        (lambda path: path.write_text(closing("08:30").replace("2027-03-10", "2027-02-30")), "must be a date"),
        (lambda path: path.write_text(""), "is empty"),
        (lambda path: path.write_text("[" * 5000), "nested"),
        (lambda path: path.write_bytes(b"\xff"), "UTF-8"),
        (Path.unlink, "cannot be read"),
    ],
)
def test_what_was_last_read_holds_on_while_the_file_is_wrong(
    path: Path, file: OverridesFile, look_again: Callable[[], None], damage: Callable[[Path], None], reason: str
) -> None:
    known = file.current()
    damage(path)
    look_again()

    assert file.current() is known
    assert reason in str(file.fault)

    path.write_text(closing("09:45"))
    look_again()
    assert (close_of(file.current()), file.fault) == ("09:45", None)


def test_a_market_follows_its_file(path: Path, file: OverridesFile, look_again: Callable[[], None]) -> None:
    markets = Markets(clock=FixedClock(MORNING), overrides=file.current, overrides_fault=lambda: file.fault)
    desk = markets.default

    assert not desk.is_open(MORNING)
    day = desk.day(DAY)
    assert (day.is_early_close, day.holiday, day.remark) == (True, None, "A day")
    assert f"{day.session.close:%H:%M}" == "14:30"

    path.write_text("overrides: []\nchecked_until: 2028-12-31\n")
    look_again()

    assert desk.is_open(MORNING)
    assert desk.checked_until == date(2028, 12, 31)
    assert markets.overrides_fault() is None

    path.write_text("overrides: [")
    look_again()
    assert desk.is_open(MORNING)
    assert "line 1" in markets.overrides_fault()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "overrides.yaml"
    made.write_text(closing("08:30"))
    return made


@pytest.fixture
def file(path: Path) -> OverridesFile:
    return OverridesFile(path, LIMITS)


@pytest.fixture
def look_again(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Lets a second pass."""
    passed = [0.0]
    monkeypatch.setattr(overrides_file.time, "monotonic", lambda: 1000.0 + passed[0])

    def go_on() -> None:
        passed[0] += overrides_file.LOOK_EVERY_S

    return go_on
