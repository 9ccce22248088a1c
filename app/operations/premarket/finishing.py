"""The end of a stage: what its analyses came to, and the report that the last of them make."""

from app.operations.premarket.policy import PremarketPolicy
from app.premarket.definition import StageKey
from app.stores import Stores


def finish_stage(stores: Stores, policy: PremarketPolicy, key: StageKey, *, gave_up: bool = False) -> str | None:
    """End a stage whose analyses are finished, and return how: `done`, `late` or `failed`; None when it goes on.

    An analysis that failed is asked for once more where there is time. With `gave_up` those that are not finished are
    cancelled, and the stage makes do with the others. The report is put together from its own analysis, else from that
    of the newest stage before it that has one; while there is none it goes on until the open. It is kept and put into
    the cache.
    """
    raise NotImplementedError
