from tests.faults.scenario import Scale, Trial
from tests.faults.scenarios.byte_flips import BYTE_FLIPS, flipped


def test_a_byte_that_changed_on_the_disk_is_noticed_before_a_file_is_used(tmp_path):
    outcome = BYTE_FLIPS.run(Trial(Scale.QUICK, tmp_path))

    assert outcome.wrong == []
    assert outcome.figures["noticed"] == outcome.figures["flips"] == 32


def test_a_flip_changes_one_byte_and_is_undone(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"abc")

    with flipped(path, 1, 0x20):
        during = path.read_bytes()

    assert (during, path.read_bytes()) == (b"aBc", b"abc")
