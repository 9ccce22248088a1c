import hashlib
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.bucket.footers import footer_digest, footer_size
from app.errors import Conflict


def test_the_footer_is_what_a_reader_of_the_file_needs(parquet):
    size = footer_size(parquet[-8:])

    assert pq.read_metadata(pa.BufferReader(parquet[-size:])).num_rows == 3
    with pytest.raises(pa.ArrowInvalid):
        pq.read_metadata(pa.BufferReader(parquet[-size + 1 :]))


def test_its_hash_is_the_same_however_much_stands_before_it(parquet):
    size = footer_size(parquet[-8:])

    assert footer_digest(parquet) == footer_digest(parquet[-size:]) == hashlib.sha256(parquet[-size:]).hexdigest()


def test_what_is_cut_or_no_parquet_has_none(parquet):
    for data in (parquet[:-1], b"", b"PAR1", b"\xff\xff\xff\x7fPAR1"):
        with pytest.raises(Conflict):
            footer_digest(data)


@pytest.fixture
def parquet():
    sink = io.BytesIO()
    pq.write_table(pa.table({"a": [1, 2, 3]}), sink)
    return sink.getvalue()
