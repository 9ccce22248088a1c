import logging

from prometheus_client.mmap_dict import MmapedDict

from app.metrics import recording
from app.metrics.families import (
    EXPORT_ROWS,
    HTTP_IN_PROGRESS,
    INGEST_DURATION,
    PROCESS_MEMORY,
    PUBLISH_EVENTS,
    TASK_SUCCESS,
)
from app.metrics.recording import MOST_SERIES, Recorder, count, observe, share_counts, shared_folder, tell
from app.metrics.slots import FILE_BYTES, take_slot
from tests.counting import scraped


def test_a_counter_adds_up_by_its_labels():
    count(PUBLISH_EVENTS, "SCHWAB", by=3)
    count(PUBLISH_EVENTS, "SCHWAB")
    count(PUBLISH_EVENTS, "EXCEL")

    assert scraped() == {
        ("thor_publish_events_total", ("SCHWAB",)): 4,
        ("thor_publish_events_total", ("EXCEL",)): 1,
    }


def test_a_value_is_counted_in_its_bucket_and_in_all_greater_ones():
    for value in (0.001, 0.0011, 7.0, 60.0):
        observe(INGEST_DURATION, value)

    told = scraped()
    name = "thor_ingest_batch_duration_seconds"
    assert [told[f"{name}_bucket", (bound,)] for bound in ("0.001", "0.0025", "5.0", "10.0", "+Inf")] == [1, 2, 2, 3, 4]
    assert (told[f"{name}_count", ()], told[f"{name}_sum", ()]) == (4, 67.0021)


def test_what_a_process_counts_for_all_goes_on_where_the_one_before_stopped(tmp_path):
    share_counts(tmp_path, "web")
    count(EXPORT_ROWS, by=5)
    observe(INGEST_DURATION, 0.3)
    count(HTTP_IN_PROGRESS, by=2)
    recording._present.recorder.close()

    share_counts(tmp_path, "web")
    count(EXPORT_ROWS, by=2)

    told = scraped()
    assert len(list(shared_folder().glob("*.db"))) == 1
    assert told["thor_export_rows_total", ()] == 7
    assert told["thor_ingest_batch_duration_seconds_count", ()] == 1
    # Those requests ended with their process.
    assert told["thor_http_requests_in_progress", ()] == 0


def test_two_at_once_count_side_by_side(tmp_path):
    one = Recorder(take_slot(tmp_path / recording.LAYOUT, "web"))
    one.add(EXPORT_ROWS, (), 5)
    one.set(PROCESS_MEMORY, ("web",), 100)
    one.set(TASK_SUCCESS, ("control.probe",), 20)

    share_counts(tmp_path, "web")
    count(EXPORT_ROWS, by=2)
    tell(PROCESS_MEMORY, 50, "web")
    tell(TASK_SUCCESS, 10, "control.probe")

    assert scraped() == {
        ("thor_export_rows_total", ()): 7,
        ("thor_process_resident_memory_bytes", ("web",)): 150,
        ("thor_task_last_success_timestamp_seconds", ("control.probe",)): 20,
    }
    one.close()


def test_what_was_live_is_not_told_of_a_process_that_ended(tmp_path):
    one = Recorder(take_slot(tmp_path / recording.LAYOUT, "ingest"))
    one.set(PROCESS_MEMORY, ("ingest",), 100)
    one.add(EXPORT_ROWS, (), 5)
    one.close()

    share_counts(tmp_path, "web")

    assert scraped() == {("thor_export_rows_total", ()): 5}


def test_a_file_never_grows_however_many_labels_there_are(tmp_path, caplog):
    slot = take_slot(tmp_path, "web")
    recorder = Recorder(slot)

    with caplog.at_level(logging.WARNING):
        for number in range(MOST_SERIES + 10):
            recorder.add(PUBLISH_EVENTS, (f"{number:070}",), 1)
    recorder.add(PUBLISH_EVENTS, ("x" * 200,), 1)

    assert slot.file.stat().st_size == FILE_BYTES
    assert len(list(recorder.values())) == MOST_SERIES
    assert len(list(MmapedDict.read_all_values_from_file(str(slot.file)))) == MOST_SERIES
    assert "more labels than there is room for" in caplog.text
    recorder.close()


def test_a_process_that_cannot_share_counts_for_itself_and_says_so(tmp_path, caplog):
    (tmp_path / recording.LAYOUT).write_text("no folder")

    share_counts(tmp_path, "web")
    count(EXPORT_ROWS)

    assert "is not shown by /metrics" in caplog.text
    assert scraped() == {("thor_export_rows_total", ()): 1}


def test_a_process_that_finds_a_damaged_file_begins_anew(tmp_path, caplog):
    damage(tmp_path, "web")

    share_counts(tmp_path, "web")
    count(EXPORT_ROWS)

    assert "web-0.db cannot be read, and begin anew" in caplog.text
    assert scraped() == {("thor_export_rows_total", ()): 1}


def test_a_damaged_file_hides_no_other(tmp_path, caplog):
    damage(tmp_path, "export")

    share_counts(tmp_path, "web")
    count(EXPORT_ROWS)

    assert scraped() == {("thor_export_rows_total", ()): 1}
    assert "the counts in export-0.db cannot be read" in caplog.text


def damage(folder, role):
    slot = take_slot(folder / recording.LAYOUT, role)
    slot.file.write_bytes(b"\xff\x00\x00\x00" + b"\x99" * 500)
    slot.leave()
