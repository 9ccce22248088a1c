from datetime import timedelta

from sqlalchemy import select, update

from app.jobs.ledger import present_model, record_predictions
from app.jobs.models import Prediction, PredictionModel
from app.jobs.track_record import degraded_symbols, note_performance, track_record
from tests.analyses import NOW, ask, prediction_of


def test_figures_are_those_of_the_predictions_that_were_made_ahead(stores):
    # Forty times 0.6, thirty of them right: a Brier score of (30 · 0.16 + 10 · 0.36) / 40.
    ledger(stores, outcomes=[1] * 30 + [0] * 10)
    ledger(stores, outcomes=[0] * 5, late=True)

    found = record(stores, "ES")["ES"]["1h"]

    assert round(found["all"]["brier"]["value"], 12) == 0.21
    assert (found["all"]["hit_rate"]["value"], found["all"]["hit_rate"]["n"]) == (0.75, 40)
    assert found["made_later"] == 5


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


def test_a_symbol_whose_predictions_were_wrong_all_the_time_is_degraded(stores):
    ledger(stores, outcomes=[1, 0] * 30)
    ledger(stores, "NQ", outcomes=[0] * 60)

    with stores.sessions() as session:
        assert degraded_symbols(session, ["ES", "NQ", "CL"]) == ["NQ"]


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
    with stores.sessions() as session:
        return track_record(session, symbols or None, NOW)


def ledger(stores, symbol="ES", *, outcomes, late=False, **parts):
    number, begin = ask(stores, symbol), NOW - timedelta(days=400 if late else 300)
    made = [prediction_of(symbol, asof=begin + timedelta(hours=place), **parts) for place in range(len(outcomes))]
    with stores.sessions.begin() as session:
        model = present_model(session, NOW)
        for one, outcome in zip(made, outcomes, strict=True):
            record_predictions(session, number, model, [one], NOW if late else one.asof)
            here = (Prediction.symbol == symbol, Prediction.asof == one.asof, Prediction.horizon == one.horizon)
            here = (*here, Prediction.data_hash == one.data_hash)
            price = one.base_price + (1 if outcome else -1)
            values = {"outcome": outcome, "outcome_price": price, "resolved_at": NOW}
            session.execute(update(Prediction).where(*here).values(values))
