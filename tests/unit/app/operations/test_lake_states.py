from datetime import timedelta

import pytest

from app.lake.layout import BARS, TICKS, Lake
from app.lake.models import LakeFile
from app.operations.lake_states import Context, State, is_mendable, lag_of, state_of
from tests.factories import DAY
from tests.ticks import CLOSE, LATER

EARLY = CLOSE - timedelta(minutes=30)


@pytest.mark.parametrize(
    ("written_at", "purged_at", "stored", "closed_at", "lag"),
    [
        (LATER, None, 10, CLOSE, None),
        (LATER, None, 12, CLOSE, "2 ticks came after it was written"),
        (LATER, LATER, 0, CLOSE, None),
        (LATER, LATER, 2, CLOSE, "2 ticks came after it was written"),
        (EARLY, None, 10, None, None),
        (EARLY, None, 10, CLOSE, "it was taken before the session's close"),
        (EARLY, None, 9, CLOSE, None),
        (EARLY, LATER, 0, CLOSE, None),
    ],
)
def test_ticks_lag_behind_the_database_and_the_close(written_at, purged_at, stored, closed_at, lag):
    ticks = row(TICKS, written_at=written_at, purged_at=purged_at)

    assert lag_of(ticks, Context(stored, ticks, closed_at)) == lag


@pytest.mark.parametrize(
    ("ticks_at", "bars_at", "stored", "closed_at", "lag"),
    [
        (LATER, LATER, 10, CLOSE, None),
        (LATER, LATER - timedelta(microseconds=1), 10, CLOSE, "it is older than its ticks"),
        (EARLY, EARLY, 10, None, None),
        (EARLY, EARLY, 10, CLOSE, "it was made before the session's close"),
        (EARLY, LATER, 10, CLOSE, "the ticks that it was made of are stale"),
        (LATER, LATER, 11, CLOSE, "the ticks that it was made of are stale"),
    ],
)
def test_bars_lag_behind_their_ticks_and_the_close(ticks_at, bars_at, stored, closed_at, lag):
    context = Context(stored, row(TICKS, written_at=ticks_at), closed_at)

    assert lag_of(row(BARS, written_at=bars_at), context) == lag


@pytest.mark.parametrize(
    ("kind", "parts", "stored", "exists", "mendable"),
    [
        (TICKS, {}, 10, True, False),
        (TICKS, {}, 11, True, True),
        (TICKS, {}, 1, False, True),
        (TICKS, {}, 0, False, False),
        (TICKS, {"purged_at": LATER}, 10, False, False),
        (TICKS, {"damage": "a bit flipped"}, 10, True, True),
        (TICKS, {"damage": "a bit flipped"}, 9, True, False),
        (TICKS, {"damage": "a bit flipped", "purged_at": LATER}, 0, True, False),
        (BARS, {}, 10, False, True),
        (BARS, {}, 0, False, False),
        (BARS, {"timeframe": "4h"}, 10, False, False),
    ],
)
def test_an_export_mends_what_it_has_the_ticks_for(tmp_path, kind, parts, stored, exists, mendable):
    lake, file = Lake(tmp_path), row(kind, **parts)
    if exists:
        (tmp_path / file.path).write_bytes(b"x" * file.bytes)
    context = Context(stored, file if kind == TICKS else row(TICKS), CLOSE)

    state, _ = state_of(lake, file, context)

    assert is_mendable(lake, file, state, context) is mendable


def test_a_file_of_another_size_is_damaged_and_a_folder_in_its_place_is_none(tmp_path):
    lake, ticks = Lake(tmp_path), row(TICKS)
    (tmp_path / ticks.path).write_bytes(b"x")
    assert state_of(lake, ticks, Context(10, ticks, CLOSE))[0] == State.DAMAGED

    (tmp_path / ticks.path).unlink()
    (tmp_path / ticks.path).mkdir()
    assert state_of(lake, ticks, Context(10, ticks, CLOSE))[0] == State.MISSING


def row(kind, **parts):
    known = {"kind": kind, "session_date": DAY, "symbol": "ES", "timeframe": "" if kind == TICKS else "1m"}
    known |= {"path": f"{kind}.parquet", "rows": 10, "bytes": 5, "sha256": "0" * 64, "written_at": LATER}
    return LakeFile(**{**known, **parts})
