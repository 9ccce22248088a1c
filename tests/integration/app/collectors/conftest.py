from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.collectors.spool import Spool

ROOM = 8 << 20


@pytest.fixture
def open_spool(tmp_path: Path) -> Iterator[Callable[..., Spool]]:
    """Opens the spool of a source, each time as a process of its own would."""
    opened: list[Spool] = []

    def make(source: str = "SIMULATED", max_bytes: int = ROOM) -> Spool:
        opened.append(Spool(tmp_path / "spool" / f"{source}.db", source, max_bytes))
        return opened[-1]

    yield make
    for spool in opened:
        spool.close()


@pytest.fixture
def spool(open_spool: Callable[..., Spool]) -> Spool:
    """The spool of SIMULATED, empty."""
    return open_spool()
