from app.metrics.families import EXPORT_ROWS, PROCESS_MEMORY
from app.metrics.reading import read_counts
from app.metrics.recording import count, tell


def test_families_are_told_in_the_order_in_which_they_are_listed():
    tell(PROCESS_MEMORY, 1, "web")
    count(EXPORT_ROWS)

    assert [metric.name for metric in read_counts()] == ["thor_export_rows", "thor_process_resident_memory_bytes"]


def test_what_was_read_elsewhere_is_told_in_the_same_family():
    tell(PROCESS_MEMORY, 1, "web")

    [metric] = read_counts([((PROCESS_MEMORY.name, ("postgres",), ""), 7.0)])

    assert {sample.labels["process"]: sample.value for sample in metric.samples} == {"postgres": 7.0, "web": 1.0}


def test_what_is_no_family_is_left_out():
    assert list(read_counts([(("thor_of_another_version", (), ""), 7.0)])) == []
