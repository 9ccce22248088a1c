import gc
from contextlib import ExitStack

from app.ingest.garbage import RARELY, rare_collections


def test_garbage_is_collected_rarely_until_the_last_of_the_blocks_ends():
    before = gc.get_threshold()
    with ExitStack() as first, ExitStack() as second:
        first.enter_context(rare_collections())
        second.enter_context(rare_collections())
        both = gc.get_threshold()
        first.close()
        one = gc.get_threshold()

    assert (both, one) == (RARELY, RARELY)
    assert gc.get_threshold() == before
