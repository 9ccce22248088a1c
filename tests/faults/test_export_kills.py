from datetime import timedelta

import pytest

from app.export.plan import ExportOptions
from app.export.ticks import export_day
from app.lake.layout import TICKS, Lake
from app.lake.manifest import find_file, verify_file
from tests.factories import DAY, quotes
from tests.faults.harness.filling import fill_day
from tests.faults.scenario import Scale, Trial
from tests.faults.scenarios.export_kills import EXPORT_KILLS, SYMBOLS, Readers
from tests.ticks import LATER, write_ticks
from tests.waiting import until

pytestmark = pytest.mark.timeout(300)


def test_an_exporter_that_is_killed_leaves_whole_files_and_the_next_one_ends_its_work(tmp_path):
    outcome = EXPORT_KILLS.run(Trial(Scale.QUICK, tmp_path))

    assert outcome.wrong == []


def test_the_readers_would_see_half_a_file_inside_of_the_glob(lake):
    path = lake.ticks_file(DAY, "ES")
    readers = Readers(lake, {30})

    with readers.asking():
        until(lambda: readers.answers > 4)
        sound = list(readers.errors)
        (path.parent / "next.parquet").write_bytes(path.read_bytes()[:-100])
        until(lambda: readers.errors)

    assert sound == []
    assert "parquet" in readers.errors[0].lower()


def test_the_readers_would_see_ticks_twice(lake):
    path = lake.ticks_file(DAY, "ES")
    readers = Readers(lake, {30})

    with readers.asking():
        (path.parent / "copy.parquet").write_bytes(path.read_bytes())
        until(lambda: readers.errors)

    assert readers.errors[0].startswith("ES has 60 ticks")


def test_a_file_of_an_exporter_that_was_killed_before_it_recorded_it_is_written_again(sessions, tmp_path):
    lake, later = Lake(tmp_path / "lake"), LATER + timedelta(hours=1)
    fill_day(sessions, "ES", 100)
    export_day(sessions, lake, DAY, LATER)
    recorded = manifest_row(sessions)
    unrecorded = ExportOptions(overwrite=True, recorded=False)
    export_day(sessions, lake, DAY, later, unrecorded)
    same_size = recorded.bytes == lake.ticks_file(DAY, "ES").stat().st_size

    resumed = export_day(sessions, lake, DAY, later)

    assert same_size
    assert resumed.counts()["files"] == 1
    assert verify_file(lake, manifest_row(sessions)).is_file()


def manifest_row(sessions):
    with sessions() as session:
        return find_file(session, TICKS, DAY, "ES")


@pytest.fixture
def lake(tmp_path):
    made = Lake(tmp_path / "lake")
    for symbol in SYMBOLS:
        write_ticks(
            made, [one._replace(volume=number) for number, one in enumerate(quotes(30, symbol=symbol, first_seq=1), 1)]
        )
    return made
