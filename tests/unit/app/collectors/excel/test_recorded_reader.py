import json

import pytest

from app.collectors.excel.plan import ExcelPlan
from app.collectors.excel.readers import SheetMissing
from app.collectors.excel.recorded_reader import RecordedReader


def test_frames_are_shown_at_their_pace_and_the_last_stays(record):
    now = [50.0]
    reader = RecordedReader(record((2.0, 1), (2.5, 2), (3.0, 3), (9.0, 4)), lambda: now[0])

    shown = []
    for now[0] in (50.0, 50.4, 50.5, 51.2, 56.9, 57.0, 99.0):
        shown.append(reader.read()[1][1])

    assert shown == [1, 1, 2, 3, 3, 4, 4]


def test_a_frame_that_was_missed_is_not_shown_later(record):
    now = [0.0]
    reader = RecordedReader(record((0, 1), (1, 2), (2, 3)), lambda: now[0])
    reader.read()
    now[0] = 2.0

    assert reader.read()[1][1] == 3


def test_rows_of_a_frame_are_filled_up(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"at": 0, "rows": [["Symbol", "Last"], ["/ES"], []]}\n')

    assert RecordedReader(ExcelPlan("excel_recorded", path)).read() == [["Symbol", "Last"], ["/ES", None], [None, None]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no frame"),
        ("[" * 100_000, "line 1 of a.jsonl is no frame like"),
        ("\n\n", "has no frame"),
        ("{}\n", "line 1 of a.jsonl is no frame like"),
        ("nonsense", "line 1 of a.jsonl is no frame like"),
        ('{"at": NaN, "rows": [["Symbol"], ["ES"]]}', "line 1"),
        ('{"at": 0, "rows": "ES"}', "line 1"),
        ('{"at": 0, "rows": ["ES", "NQ"]}', "line 1"),
        ('{"at": 0, "rows": [["Symbol", "Last"]]}', "needs a row of headers and a row below it"),
        (
            '\n{"at": 1, "rows": [["Symbol"], ["ES"]]}\n{"at": 0, "rows": [["Symbol"], ["ES"]]}',
            "line 3 of a.jsonl is earlier",
        ),
    ],
)
def test_what_is_no_recording_is_refused_by_line(tmp_path, text, words):
    path = tmp_path / "a.jsonl"
    path.write_text(text)

    with pytest.raises(SheetMissing) as refused:
        RecordedReader(ExcelPlan("excel_recorded", path)).read()

    assert words in str(refused.value)


def test_a_recording_that_is_not_there_is_missing(tmp_path):
    with pytest.raises(SheetMissing, match="there is no file"):
        RecordedReader(ExcelPlan("excel_recorded", tmp_path / "none.jsonl")).read()


def test_a_closed_recording_holds_no_file(record):
    reader = RecordedReader(record((0, 1), (1, 2)))
    reader.read()

    reader.close()


@pytest.fixture
def record(tmp_path):
    def write(*frames):
        path = tmp_path / "frames.jsonl"
        lines = [json.dumps({"at": at, "rows": [["Symbol", "Last"], ["/ES", last]]}) for at, last in frames]
        path.write_text("\n".join(lines))
        return ExcelPlan("excel_recorded", path)

    return write


def test_what_is_no_text_or_no_file_is_refused(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "b.jsonl").mkdir()

    for name, words in (("a.jsonl", "not text in UTF-8"), ("b.jsonl", "cannot be read")):
        with pytest.raises(SheetMissing, match=words):
            RecordedReader(ExcelPlan("excel_recorded", tmp_path / name)).read()


def test_a_mark_of_the_encoding_before_the_text_as_windows_writes_it_is_no_part_of_it(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"at": 0, "rows": [["Symbol", "Last"], ["ES", 1]]}', encoding="utf-8-sig")

    assert RecordedReader(ExcelPlan("excel_recorded", path)).read()[1] == ["ES", 1]
