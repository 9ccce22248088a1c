"""Reading kept scores of predictions, which asks for no statistics. Nothing here commits."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Label, Select, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app.jobs.ledger import MODEL, MODEL_VERSION
from app.jobs.models import PredictionModel, PredictionScore
from app.jobs.scores import KEPT

# Where the numbers of a session lie in its figures.
NUMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "brier": ("all", "brier", "value"),
    "brier_skill": ("all", "brier_skill", "value"),
    "hit_rate": ("all", "hit_rate", "value"),
    "coverage": ("all", "coverage", "value"),
    "kupiec_p": ("all", "kupiec", "p_value"),
}
_SERIES: Final = (PredictionScore.model_id, PredictionScore.symbol, PredictionScore.horizon)


@dataclass(frozen=True)
class Degraded:
    """Predictions of a symbol at a horizon that do worse than the base rate, in each session from `since` on.

    `figures` are those of `degradation`, as of the newest session that was scored.
    """

    symbol: str
    horizon: str
    model: str
    figures: Mapping[str, Any]
    since: date

    @property
    def subject(self) -> str:
        """What is degraded, such as `ES 1h direction-logistic 1`."""
        return f"{self.symbol} {self.horizon} {self.model}"

    @property
    def detail(self) -> str:
        """A line for a person."""
        cusum, latest = self.figures["cusum"], self.figures["last_200"]["value"]
        skill = "" if latest is None else f", Brier skill of the last 200 {latest:.3f}"
        return (
            f"{self.symbol} is held at {self.horizon}: the predictions of {self.model} have done worse than the base "
            f"rate since the session of {self.since} (CUSUM {cusum['value']:.1f}{skill}, n = {cusum['n']})"
        )


def degraded_models(session: Session, now: datetime) -> Sequence[Degraded]:
    """What the present model does not act on, by symbol and horizon, as of the newest sessions that were scored.

    None of a model that is switched off or has a successor, and of none that was not scored for 92 days.
    """
    shown = (
        PredictionModel.kind == MODEL,
        PredictionModel.version == MODEL_VERSION,
        PredictionModel.enabled.is_(True),
        PredictionScore.session_date > (now - KEPT).date(),
    )
    return [
        Degraded(row.symbol, row.horizon, model_name(model), row.figures["degradation"], _since(session, row))
        for row, model in newest_scores(session, *shown)
        if row.degraded
    ]


def newest_scores(session: Session, *wanted: ColumnElement[bool]) -> list[tuple[PredictionScore, PredictionModel]]:
    """The newest score of each model, symbol and horizon, with its model, by symbol, horizon and model."""
    newest = select(PredictionScore.id, *_SERIES).join(PredictionModel).where(*wanted).ext(distinct_on(*_SERIES))
    chosen = newest.order_by(*_SERIES, PredictionScore.session_date.desc()).subquery()
    query = select(PredictionScore, PredictionModel).join(PredictionModel)
    query = query.join(chosen, chosen.c.id == PredictionScore.id)
    order = (PredictionScore.symbol, PredictionScore.horizon, PredictionScore.model_id)
    return [(score, model) for score, model in session.execute(query.order_by(*order))]


def score_history(
    session: Session, scores: Collection[int], since: date | None, limit: int
) -> dict[tuple[int, str, str], list[dict[str, Any]]]:
    """The numbers of each session, the latest first, by model, symbol and horizon of the scores with these ids.

    At most `limit` sessions of each, from the day `since` on. A number that could not be given is None.
    """
    found: dict[tuple[int, str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in session.execute(_history(scores, since, limit)):
        told = row._asdict()
        series = told.pop("model_id"), told.pop("symbol"), told.pop("horizon")
        found[series].append({name: value for name, value in told.items() if name != "place"})
    return found


def kept_records(session: Session, symbol: str | None = None) -> dict[str, dict[str, Any]]:
    """How the predictions of the present model had done, as plain findings by symbol and horizon."""
    wanted = [PredictionModel.kind == MODEL, PredictionModel.version == MODEL_VERSION]
    if symbol is not None:
        wanted.append(PredictionScore.symbol == symbol)
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for row, _ in newest_scores(session, *wanted):
        found[row.symbol][row.horizon] = row.figures
    return dict(found)


def score_numbers(session: Session) -> dict[str, dict[tuple[str, ...], float]]:
    """The newest NUMBERS that could be given, `outcomes` and `degraded`, by model, symbol and horizon."""
    found: dict[str, dict[tuple[str, ...], float]] = defaultdict(dict)
    for row in session.execute(_newest_numbers()):
        told = row._asdict()
        labels = f"{told.pop('kind')} {told.pop('version')}", told.pop("symbol"), told.pop("horizon")
        for name, number in told.items():
            if number is not None:
                found[name][labels] = float(number)
    return dict(found)


def model_name(model: PredictionModel) -> str:
    """What a model is called, such as `direction-logistic 1`."""
    return f"{model.kind} {model.version}"


def _newest_numbers() -> Select[Any]:
    named = (PredictionModel.kind, PredictionModel.version, PredictionScore.symbol, PredictionScore.horizon)
    columns: tuple[Any, ...] = (*named, PredictionScore.outcomes, *_numbers(), PredictionScore.degraded)
    query = select(*columns).join(PredictionScore).ext(distinct_on(*_SERIES))
    return query.order_by(*_SERIES, PredictionScore.session_date.desc())


def _numbers() -> list[Label[float]]:
    return [PredictionScore.figures[path].as_float().label(name) for name, path in NUMBERS.items()]


def _since(session: Session, row: PredictionScore) -> date:
    same = [column == getattr(row, column.key) for column in _SERIES]
    well = select(func.max(PredictionScore.session_date)).where(*same, ~PredictionScore.degraded)
    after = func.coalesce(well.scalar_subquery(), date.min)
    first = select(func.min(PredictionScore.session_date)).where(*same, PredictionScore.session_date > after)
    return session.scalars(first).one()


def _history(scores: Collection[int], since: date | None, limit: int) -> Select[Any]:
    chosen = select(*_SERIES).where(PredictionScore.id.in_(scores)).subquery()
    place = func.row_number().over(partition_by=_SERIES, order_by=PredictionScore.session_date.desc())
    columns = (PredictionScore.session_date, PredictionScore.outcomes, *_numbers(), PredictionScore.degraded)
    query = select(*_SERIES, *columns, place.label("place"))
    query = query.join(
        chosen,
        (chosen.c.model_id == PredictionScore.model_id)
        & (chosen.c.symbol == PredictionScore.symbol)
        & (chosen.c.horizon == PredictionScore.horizon),
    )
    if since is not None:
        query = query.where(PredictionScore.session_date >= since)
    inner = query.subquery()
    return select(inner).where(inner.c.place <= limit).order_by(inner.c.session_date.desc())
