from datetime import timedelta

from sqlalchemy import select, update

from app.jobs.ledger import present_model
from app.jobs.models import UNCHANGED, Prediction, PredictionModel
from app.jobs.track_record import degraded_in, note_performance, read_records, told_of
from tests.analyses import NOW
from tests.ledgers import ledger, successor


def test_figures_are_those_of_the_predictions_that_were_made_ahead(stores):
    # Forty times 0.6, thirty of them right: a Brier score of (30 · 0.16 + 10 · 0.36) / 40.
    ledger(stores, outcomes=[1] * 30 + [0] * 10)
    ledger(stores, outcomes=[0] * 5, late=True)

    found = record(stores, "ES")["ES"]["1h"]

    assert round(found["all"]["brier"]["value"], 12) == 0.21
    assert (found["all"]["hit_rate"]["value"], found["all"]["hit_rate"]["n"]) == (0.75, 40)
    assert found["made_later"] == 5


def test_prices_that_stood_still_are_judged_by_their_intervals_alone(stores):
    ledger(stores, outcomes=[1] * 30)
    ledger(stores, outcomes=[None] * 10, begin=NOW - timedelta(days=200))
    ledger(stores, outcomes=[None], begin=NOW - timedelta(days=100))
    still = (Prediction.outcome.is_(None), Prediction.asof < NOW - timedelta(days=150))
    with stores.sessions.begin() as session:
        session.execute(update(Prediction).where(*still).values(void=UNCHANGED, resolved_at=NOW))

    found = record(stores)["ES"]["1h"]["all"]

    assert (found["brier"]["n"], found["coverage"]["n"]) == (30, 40)


def test_a_few_outcomes_say_nothing(stores):
    ledger(stores, outcomes=[1] * 29)

    found = record(stores)["ES"]["1h"]

    assert (found["all"]["brier"]["value"], found["all"]["brier"]["status"]) == (None, "insufficient_data")
    assert found["all"]["brier"]["reason"] == "29 outcomes are known, 30 needed"


def test_asking_again_is_no_new_evidence(stores):
    ledger(stores, outcomes=[1] * 30)
    ledger(stores, outcomes=[1] * 30, data_hash="e" * 64, p=0.9)
    ledger(stores, outcomes=[1] * 30, data_hash="f" * 64, source="EXCEL")

    found = record(stores)["ES"]["1h"]["all"]

    assert (found["brier"]["n"], round(found["brier"]["value"], 12)) == (30, 0.16)


def test_symbols_and_horizons_are_kept_apart(stores):
    ledger(stores, outcomes=[1] * 30)
    ledger(stores, "NQ", outcomes=[0] * 30)
    ledger(stores, "NQ", outcomes=[1] * 3, horizon="5m")

    assert {symbol: sorted(found) for symbol, found in record(stores).items()} == {"ES": ["1h"], "NQ": ["1h", "5m"]}
    assert record(stores, "NQ").keys() == {"NQ"}
    assert record(stores, "NQ")["NQ"]["1h"]["all"]["hit_rate"]["value"] == 0


def test_predictions_that_were_wrong_all_the_time_are_degraded_at_their_horizon(stores):
    ledger(stores, outcomes=[1, 0] * 30)
    ledger(stores, "NQ", outcomes=[0] * 60)
    ledger(stores, "NQ", outcomes=[1] * 60, horizon="5m")

    assert degraded(stores, "ES", "NQ", "CL") == [("NQ", "1h")]


def test_a_successor_is_not_held_for_what_its_predecessor_said(stores):
    ledger(stores, outcomes=[0] * 60)

    model = successor(stores)
    ledger(stores, outcomes=[1] * 40, model=model)

    assert degraded(stores, "ES", model=model) == []
    assert degraded(stores, "ES") == [("ES", "1h")]
    with stores.sessions() as session:
        assert len(read_records(session, model)["ES", "1h"].rows.p) == 40


def test_the_model_keeps_how_all_its_predictions_did(stores):
    ledger(stores, outcomes=[1] * 30)
    ledger(stores, "NQ", outcomes=[0] * 10)

    with stores.sessions.begin() as session:
        note_performance(session, NOW)

    with stores.sessions() as session:
        model = session.scalars(select(PredictionModel)).one()
    assert model.performance_at == NOW
    assert (model.performance["all"]["hit_rate"]["value"], model.performance["all"]["hit_rate"]["n"]) == (0.75, 40)


def record(stores, *symbols):
    with stores.sessions.begin() as session:
        return told_of(read_records(session, present_model(session, NOW).id, symbols or None), NOW)


def degraded(stores, *symbols, model=None):
    with stores.sessions.begin() as session:
        return degraded_in(read_records(session, model or present_model(session, NOW).id, symbols))
