from datetime import timedelta

import pytest

from app.errors import Conflict
from app.operations.demo import refuse_real_data
from app.quotes import to_fields
from app.runtime import Runtime
from app.ticks.partitions import ensure_partitions
from app.ticks.store import COPY_COLUMNS, append_ticks
from tests.factories import DAY, MOMENT, quote


@pytest.mark.parametrize("source", ["EXCEL", "SCHWAB"])
def test_the_demo_refuses_a_database_with_quotes_of_a_real_source(rt: Runtime, source: str) -> None:
    _store(rt, source)

    with rt.sessions() as session, pytest.raises(Conflict, match=f"holds quotes of {source}"):
        refuse_real_data(session)


@pytest.mark.parametrize("source", ["REPLAY", "SIMULATED"])
def test_recorded_and_simulated_quotes_do_not_stop_the_demo(rt: Runtime, source: str) -> None:
    _store(rt, source)

    with rt.sessions() as session:
        refuse_real_data(session)


def _store(rt: Runtime, source: str) -> None:
    fields = to_fields(quote(source=source, ts=MOMENT + timedelta(seconds=1)))
    known = dict(zip(fields[::2], fields[1::2], strict=True))
    line = "\t".join(known.get(name, r"\N") for name in COPY_COLUMNS).encode() + b"\n"
    with rt.sessions.begin() as session:
        ensure_partitions(session, [DAY])
        append_ticks(session, [line])
