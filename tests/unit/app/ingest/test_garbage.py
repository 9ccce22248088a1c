import gc

import pytest

from app.ingest.garbage import rare_collections


def test_garbage_is_collected_rarely_for_the_length_of_a_block():
    before = gc.get_threshold()

    with pytest.raises(ZeroDivisionError), rare_collections():
        assert gc.get_threshold()[0] > before[0]
        raise ZeroDivisionError

    assert gc.get_threshold() == before
