"""/api/signals and /api/predictions: what is recommended now, and how earlier predictions did."""

from apiflask import APIBlueprint

from app.api.job_shapes import PredictionsAnswer, PredictionsQuery, SignalsAnswer, SignalsQuery
from app.api.pages import PageAnswer, answer_page, by_id, cut_page
from app.api.performance_shapes import PerformanceAnswer, PerformanceQuery
from app.clock import instant_text
from app.jobs.forms import prediction_form, signal_form
from app.jobs.listing import list_predictions, newest_signals
from app.jobs.score_history import kept_records
from app.jobs.score_showing import show_scores
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
def show_predictions(query: PredictionsQuery) -> PageAnswer:
    """The ledger of predictions, the latest first, with its track record

    Predictions are written before their time and never changed; only the outcome is added, once. The track record is
    that of the present model as of the newest session that was scored; empty until there is one.
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
        record = kept_records(session, query.symbol)
    shown, cursor = cut_page(found, query.limit, by_id)
    return answer_page("predictions", [prediction_form(one) for one in shown], cursor, track_record=record)


@predictions.get("/predictions/performance")
@predictions.input(PerformanceQuery, location="query", arg_name="query")
@predictions.output(PerformanceAnswer)
@predictions.doc(operation_id="getPredictionPerformance", responses={400: "A parameter is wrong"})
def show_performance(query: PerformanceQuery) -> dict[str, object]:
    """How the predictions of each model did, by symbol and horizon, and how that went from session to session

    As it was kept when the newest session was scored; a figure with fewer than 30 outcomes is not given.
    """
    with runtime().sessions() as session:
        found = show_scores(session, query.symbol, query.horizon, query.model, since=query.start, limit=query.sessions)
    return {"as_of": instant_text(runtime().clock.now()), **found}
