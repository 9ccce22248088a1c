from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.instruments.models import ContractRoll
from app.jobs.ledger import present_model, record_predictions
from app.jobs.models import Prediction
from app.jobs.resolving import is_resolving_due, resolve_due
from tests.analyses import ask, prediction_of
from tests.factories import DAY
from tests.lake_days import export_quotes, purge
from tests.ticks import LATER, OPEN, store_quotes, trade, write_ticks

ASOF = OPEN + timedelta(hours=10)
TARGET = ASOF + timedelta(hours=1)
FROM_OPEN_S = 36_000
SOON = TARGET + timedelta(minutes=3)


@pytest.mark.parametrize(("price", "outcome"), [("6710.50", 1), ("6710.00", 0)])
def test_the_outcome_is_the_price_of_the_last_minute_before_the_time(stores, price, outcome):
    predict(stores)
    store(stores, (-60, "6710.25"), (1_800, "6600"), (3_599, price), (3_601, "6500"))

    assert resolve_due(stores, SOON) == 1

    row = only(stores)
    assert (row.outcome, row.outcome_price, row.resolved_at, row.void) == (outcome, float(price), SOON, "")


def test_it_makes_no_difference_whether_the_ticks_are_in_the_lake(stores):
    predict(stores)
    export_quotes(stores.sessions, stores.lake, ticks((-60, "6710.25"), (3_599, "6711"), (3_700, "6500")))
    purge(stores.sessions, DAY, "ES")

    resolve_due(stores, SOON)

    assert only(stores).outcome_price == 6711.0


def test_a_file_that_nobody_recorded_is_read_as_analyses_read_it(stores):
    predict(stores)
    write_ticks(stores.lake, ticks((-60, "6710.25"), (3_599, "6711"), (3_700, "6500")), LATER, DAY)

    resolve_due(stores, SOON)

    assert (only(stores).outcome, only(stores).outcome_price) == (1, 6711.0)


def test_an_unrecorded_file_of_another_source_or_of_two_contracts_gives_no_outcome(stores):
    predict(stores)
    predict(stores, "NQ")
    other = ticks((-60, "6710.25"), (3_599, "6711"), source="SIMULATED")
    write_ticks(stores.lake, other, LATER, DAY)
    moved = [trade(600 + FROM_OPEN_S, "6711", 2, symbol="NQ", contract="NQH26")]
    write_ticks(stores.lake, [*ticks((-60, "6710.25"), symbol="NQ", contract="NQZ25"), *moved], LATER, DAY)

    resolve_due(stores, TARGET + timedelta(days=7))

    with stores.sessions() as session:
        found = {row.symbol: row.void for row in session.scalars(select(Prediction))}
    assert found == {
        "ES": "there is no data of REPLAY for its time",
        "NQ": "the contract changed before its time",
    }


def test_nothing_is_said_before_the_time_or_of_what_was_resolved(stores):
    predict(stores)
    store(stores, (1_800, "6711"), (3_601, "6712"))

    assert resolve_due(stores, TARGET + timedelta(seconds=119)) == 0
    assert resolve_due(stores, SOON) == 1
    assert resolve_due(stores, SOON + timedelta(days=1)) == 0
    assert only(stores).resolved_at == SOON


def test_while_ticks_may_still_come_the_outcome_is_waited_for(stores):
    predict(stores)
    store(stores, (1_800, "6711"))

    early = resolve_due(stores, TARGET + timedelta(hours=23))
    late = resolve_due(stores, TARGET + timedelta(days=1))

    assert (early, late, only(stores).outcome_price) == (0, 1, 6711.0)


def test_what_is_in_the_lake_is_final(stores):
    predict(stores)
    export_quotes(stores.sessions, stores.lake, ticks((1_800, "6711")))
    purge(stores.sessions, DAY, "ES")

    assert resolve_due(stores, SOON) == 1
    assert only(stores).outcome_price == 6711.0


def test_what_was_taken_to_the_lake_before_the_close_may_lack_ticks(stores):
    predict(stores)
    export_quotes(stores.sessions, stores.lake, ticks((1_800, "6711")), TARGET)
    purge(stores.sessions, DAY, "ES")

    assert resolve_due(stores, SOON) == 0


def test_prices_of_other_sources_say_nothing(stores):
    predict(stores)
    store(stores, (1_800, "6711"), (3_601, "6712"), source="SIMULATED")

    assert resolve_due(stores, SOON) == 0


def test_a_price_from_before_the_prediction_is_no_outcome(stores):
    predict(stores)
    store(stores, (-60, "6709"), (3_660, "6712"))

    assert resolve_due(stores, TARGET + timedelta(days=6)) == 0
    assert resolve_due(stores, TARGET + timedelta(days=7)) == 1
    assert only(stores).void == "there is no data of REPLAY for its time"


def test_a_price_that_is_the_same_is_on_neither_side(stores):
    predict(stores)
    store(stores, (1_800, "6711"), (3_599, "6710.25"), (3_700, "6712"))

    resolve_due(stores, SOON)

    assert (only(stores).void, only(stores).outcome) == ("the price was the same at its time", None)


def test_a_change_of_the_contract_in_between_makes_a_prediction_void(stores):
    predict(stores)
    store(stores, (-60, "6710.25"), (-30, "6710.25"))
    store(stores, (1_800, "6760"), (3_601, "6761"), contract="ESH26")

    resolve_due(stores, SOON)

    assert only(stores).void == "the contract changed before its time"


def test_a_roll_that_was_noticed_makes_a_prediction_void(stores):
    predict(stores)
    store(stores, (1_800, "6760"), (3_601, "6761"), contract=None)
    roll(stores, ASOF + timedelta(minutes=5))

    resolve_due(stores, SOON)

    assert only(stores).void == "the contract changed before its time"


def test_several_who_resolve_at_once_write_each_outcome_once(stores):
    for minutes in range(12):
        predict(stores, target_ts=TARGET - timedelta(minutes=minutes), horizon=f"{minutes}m")
    store(stores, (60, "6711"), (600, "6711"), (3_601, "6712"))

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: resolve_due(stores, TARGET + timedelta(hours=2), budget_s=60), range(4)))

    assert sum(found) == 12


def test_a_damaged_file_is_left_and_the_others_are_resolved(stores, caplog):
    predict(stores)
    predict(stores, "NQ")
    export_quotes(stores.sessions, stores.lake, ticks((1_800, "6711"), (3_700, "6500")))
    export_quotes(stores.sessions, stores.lake, ticks((1_800, "6711"), (3_700, "6500"), symbol="NQ", contract="NQZ25"))
    purge(stores.sessions, DAY, "ES", "NQ")
    damaged = stores.lake.ticks_file(DAY, "NQ")
    damaged.write_bytes(b"x" * damaged.stat().st_size)

    assert resolve_due(stores, SOON) == 1

    with stores.sessions() as session:
        assert session.scalars(select(Prediction.symbol).where(Prediction.outcome == 1)).all() == ["ES"]
    assert any("has no outcome yet" in record.message for record in caplog.records)


def test_there_is_something_to_resolve_once_a_time_has_come(stores):
    predict(stores)

    with stores.sessions() as session:
        assert not is_resolving_due(session, TARGET)
        assert is_resolving_due(session, SOON)


def predict(stores, symbol="ES", **parts):
    number = ask(stores, symbol)
    known = {"asof": ASOF, "target_ts": TARGET, "base_price": 6710.25}
    with stores.sessions.begin() as session:
        model = present_model(session, ASOF)
        assert record_predictions(session, number, model, [prediction_of(symbol, **(known | parts))], ASOF) == 1


def ticks(*at, **parts):
    begins = (ASOF - OPEN).total_seconds()
    return [trade(begins + at_s, price, number + 1, **parts) for number, (at_s, price) in enumerate(at)]


def store(stores, *at, **parts):
    store_quotes(stores.sessions, ticks(*at, **parts))


def roll(stores, at):
    known = {"symbol": "ES", "source": "SCHWAB", "session_date": DAY, "noticed_at": at}
    first = {"number": 1, "kind": "first", "to_contract": "ESZ25", "first_ts": OPEN}
    second = {"number": 2, "kind": "roll", "from_contract": "ESZ25", "to_contract": "ESH26", "last_ts": at}
    with stores.sessions.begin() as session:
        session.add(ContractRoll(**known, **first))
        session.flush()
        session.add(ContractRoll(**known, **second, first_ts=at))


def only(stores):
    with stores.sessions() as session:
        return session.scalars(select(Prediction)).one()
