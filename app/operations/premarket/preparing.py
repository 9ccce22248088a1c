"""Preparing a stage: the data that it may see is stored, exported and looked at, and its analyses are asked for."""

from collections.abc import Callable
from datetime import datetime

from app.operations.premarket.policy import PremarketPolicy
from app.premarket.definition import StageKey
from app.stores import Stores

Tell = Callable[[str], None]


def prepare_stage(
    stores: Stores,
    policy: PremarketPolicy,
    key: StageKey,
    tell: Tell = lambda _text: None,
    *,
    asof: datetime | None = None,
    send: bool = True,
) -> list[int]:
    """Begin a stage, or go on with its preparation, and return the numbers of its analyses.

    The stage sees what was known at `asof`, by default the present instant, which is recorded when it begins and holds
    for good. Everything that was published by now is stored and exported first, that of the running session too; past
    days that the lake lacks are exported, and what cannot be had is left out and told in the stage's reasons. The
    analyses are sent to the workers unless told not to. Done again after a kill, it finds done what is done. Conflict
    while another process does it, NotFound for a stage that was never planned; Unavailable, to be done again, when a
    server fails.
    """
    raise NotImplementedError


def prepare_unless_under_way(stores: Stores, policy: PremarketPolicy, key: StageKey) -> None:
    """Prepare a stage, unless another process does so at this moment; what cannot be done yet is logged."""
    raise NotImplementedError
