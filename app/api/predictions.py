"""/api/signals and /api/predictions: what is recommended now, and how earlier predictions did."""

from apiflask import APIBlueprint

from app.api.job_shapes import PredictionsAnswer, PredictionsQuery, SignalsAnswer, SignalsQuery
from app.clock import instant_text
from app.jobs.forms import prediction_form, signal_form
from app.jobs.listing import list_predictions, newest_signals
from app.jobs.track_record import track_record
from app.runtime import runtime

predictions = APIBlueprint("predictions", __name__, url_prefix="/api", tag="Analyses")


@predictions.get("/signals")
@predictions.input(SignalsQuery, location="query", arg_name="query")
@predictions.output(SignalsAnswer)
@predictions.doc(operation_id="getSignals", responses={400: "A parameter is wrong"})
def show_signals(query: SignalsQuery) -> dict[str, object]:
    """What the newest analysis of each symbol recommends

    A signal is good up to its `valid_until`; `valid` says whether that has passed.
    """
    now = runtime().clock.now()
    with runtime().sessions() as session:
        found = newest_signals(session, None if query.symbol is None else [query.symbol])
    return {"as_of": instant_text(now), "signals": [signal_form(one, now) for one in found]}


@predictions.get("/predictions")
@predictions.input(PredictionsQuery, location="query", arg_name="query")
@predictions.output(PredictionsAnswer)
@predictions.doc(operation_id="getPredictions", responses={400: "A parameter is wrong"})
def show_predictions(query: PredictionsQuery) -> dict[str, object]:
    """The ledger of predictions, the latest first, with its track record

    Predictions are written before their time and never changed; only the outcome is added, once.
    """
    with runtime().sessions() as session:
        found = list_predictions(
            session,
            symbol=query.symbol,
            horizon=query.horizon,
            resolved=query.resolved,
            before=query.cursor,
            limit=query.limit + 1,
        )
        record = track_record(session, None if query.symbol is None else [query.symbol], runtime().clock.now())
    shown = found[: query.limit]
    cursor = str(shown[-1].id) if len(found) > query.limit else None
    return {
        "predictions": [prediction_form(one) for one in shown],
        "next_cursor": cursor,
        "track_record": record,
    }
