from pathlib import Path

import pytest

from app.errors import Unavailable
from app.lake.files import draft
from app.lake.inspection import inspect_file, labels_of
from app.lake.layout import Lake
from app.lake.schemas import TICK_FILE
from app.lake.seals import BLANK, MERGED_FROM, SEAL, replaces, seal
from tests.factories import DAY, quotes
from tests.ticks import LATER, tick_table

ORIGIN = "ab" * 32


def test_a_sealed_file_proves_which_one_it_replaces(sealed):
    assert replaces(sealed, ORIGIN)
    assert not replaces(sealed, "cd" * 32)
    assert labels_of(sealed)[SEAL] != BLANK
    assert inspect_file(sealed, TICK_FILE).rows == 5


def test_a_file_in_which_a_bit_of_any_byte_flipped_proves_nothing(sealed):
    whole = sealed.read_bytes()
    believed = []
    for at in range(len(whole)):
        sealed.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :])
        believed += [at] if replaces(sealed, ORIGIN) else []

    assert believed == []


@pytest.mark.parametrize(
    "harm", [lambda whole: whole[:-1], lambda whole: whole + b"\0", lambda _: b"", lambda _: b"\xff" * 7 + b"PAR1"]
)
def test_a_file_that_was_cut_or_is_no_parquet_file_proves_nothing(sealed, harm):
    sealed.write_bytes(harm(sealed.read_bytes()))

    assert not replaces(sealed, ORIGIN)


def test_a_file_without_a_seal_proves_nothing_and_stays_as_it_is(lake):
    path = written(lake, {MERGED_FROM: ORIGIN})
    before = path.read_bytes()

    seal(path)

    assert path.read_bytes() == before
    assert not replaces(path, ORIGIN)


def test_a_sealed_file_that_replaces_none_proves_nothing(lake):
    assert not replaces(written(lake, {MERGED_FROM: "", SEAL: BLANK}), "")


def test_a_file_that_cannot_be_read_is_unavailable(lake):
    with pytest.raises(Unavailable, match="cannot be read"):
        replaces(Path(lake.root), ORIGIN)


def written(lake, labels):
    target, batches = lake.ticks_file(DAY, "ES"), tick_table(quotes(5)).to_batches()
    with draft(lake, target, TICK_FILE, batches, day=DAY, symbol="ES", taken_at=LATER, labels=lambda: labels) as made:
        made.put()
    return target


@pytest.fixture
def sealed(lake):
    return written(lake, {MERGED_FROM: ORIGIN, SEAL: BLANK})


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")
