"""The analysis of a question: bars of each symbol, what they show, what they predict, and what all show together."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from app.analysis.charts import chart_points
from app.analysis.data.loading import load_symbol
from app.analysis.document import NOT_PREDICTED, Analysis, Recommended, Verdict
from app.analysis.findings import to_plain
from app.analysis.inputs import SymbolData, SymbolInput
from app.analysis.keeping import CountedKeep, Keep
from app.analysis.measures import PARTS, PORTFOLIO_KINDS, PREDICTING_KINDS
from app.analysis.outlook import Outlook, Standing, look_ahead
from app.analysis.parts import Part, measured
from app.analysis.portfolio.analysing import analyse_portfolio
from app.analysis.prediction.decision import NO_SKILL
from app.analysis.quality.checking import Quality, check_quality
from app.analysis.question import Question
from app.clock import brief_text
from app.errors import Conflict, NotFound, ThorError
from app.lake.layout import Lake

Say = Callable[[str, float], None]

LOADING: Final = "Loading data"
QUALITY: Final = "Data quality"
PORTFOLIO: Final = "Portfolio"


@dataclass
class _Steps:
    """Counts the steps of a run and tells of each before it is done; whoever listens may raise to end the run."""

    say: Say | None
    total: int
    done: int = 0

    def next(self, stage: str) -> None:
        if self.say is not None:
            self.say(stage, min(self.done / self.total, 1.0))
        self.done += 1


def analyse(
    question: Question,
    inputs: Sequence[SymbolInput],
    lake: Lake,
    asof: datetime,
    *,
    cache: Keep | None = None,
    model_enabled: bool = True,
    degraded: Collection[tuple[str, str]] = (),
    say: Say | None = None,
) -> Analysis:
    """What the files of the symbols show, with the knowledge of `asof`: no tick from then on, and no bar that had not
    closed then.

    `say` is told each step and the fraction that is done, and may raise to end the run. Nothing is recommended on
    `degraded` symbols and horizons, which latest did worse than the base rate, nor without `model_enabled`.
    NotFound when none of the symbols has a tick in the range whose minute was over, Rejected when the source that was
    asked for has none; Conflict, with symbol and day, when a file is missing or damaged, unless the question has the
    fallback and something is left; Unavailable when the drive fails.
    """
    run = _Run(question, lake, asof, CountedKeep(cache), _Steps(say, _count(question, len(inputs))))
    datas = {wanted.symbol: run.load(wanted) for wanted in inputs}
    if not any(data.ticks for data in datas.values()):
        raise _nothing(question, inputs, datas, asof)
    qualities = {wanted.symbol: run.check(wanted, datas[wanted.symbol]) for wanted in inputs}
    measures = {symbol: run.measure(data) for symbol, data in datas.items()}
    outlook = Outlook({}, {})
    if question.kind in PREDICTING_KINDS:
        standing = Standing(_verdicts(qualities), _volatility(measures), asof, degraded, model_enabled)
        outlook = look_ahead(datas, standing, question.parameters, run.keep, run.steps.next)
    return Analysis(
        asof=asof,
        question=question.plain(),
        inputs={wanted.symbol: _input(wanted, datas[wanted.symbol], qualities[wanted.symbol]) for wanted in inputs},
        symbols={symbol: _tree(symbol, datas, qualities, measures, outlook) for symbol in datas},
        portfolio=run.compare(datas) | ({"composite": outlook.composite} if outlook.composite else {}),
        recommended=outlook.recommended or {symbol: _not_predicted(data) for symbol, data in datas.items()},
        predictions=outlook.predictions,
        work=run.work(datas),
    )


@dataclass(frozen=True)
class _Run:
    """What all steps of a run need."""

    question: Question
    lake: Lake
    asof: datetime
    keep: CountedKeep
    steps: _Steps

    @property
    def fallback(self) -> bool:
        """Whether bars may stand in for ticks that are damaged or lost."""
        return self.question.parameters.fallback

    def load(self, wanted: SymbolInput) -> SymbolData:
        self.steps.next(f"{LOADING}: {wanted.symbol}")
        data = load_symbol(
            self.lake, wanted, self.asof, self.question.parameters.source, self.keep, fallback=self.fallback
        )
        # What is known is as old as the newest bar, whenever it is asked for; so the same data gives the same figures.
        known = data.frame("1m")["t_close"].max()
        return replace(data, asof=known) if isinstance(known, datetime) else data

    def check(self, wanted: SymbolInput, data: SymbolData) -> Quality:
        self.steps.next(f"{QUALITY}: {wanted.symbol}")
        return check_quality(self.lake, wanted, self.asof, data.source, self.keep, data if self.fallback else None)

    def measure(self, data: SymbolData) -> dict[str, Any]:
        found = {}
        for part in _parts(self.question):
            self.steps.next(f"{part.stage}: {data.symbol}")
            found[part.name] = measured(part, data, self.question.parameters, self.keep)
        return found

    def compare(self, datas: Mapping[str, SymbolData]) -> dict[str, Any]:
        self.steps.next(PORTFOLIO)
        if self.question.kind not in PORTFOLIO_KINDS:
            return {}
        found: dict[str, Any] = to_plain(analyse_portfolio(datas, self.question.parameters))
        return found

    def work(self, datas: Mapping[str, SymbolData]) -> dict[str, int]:
        ticks = sum(data.ticks for data in datas.values())
        return {"ticks": ticks, "cache_hits": self.keep.hits, "cache_misses": self.keep.misses}


def _parts(question: Question) -> list[Part]:
    return [part for part in PARTS if question.kind in part.kinds]


def _count(question: Question, symbols: int) -> int:
    predictions = len(question.parameters.horizons) if question.kind in PREDICTING_KINDS else 0
    return symbols * (2 + len(_parts(question)) + predictions) + 1


def _not_predicted(data: SymbolData) -> Recommended:
    return Recommended(
        symbol=data.symbol, action="HOLD", confidence=NO_SKILL, strength=0.0, reason_code=NOT_PREDICTED,
        asof=data.asof, valid_until=data.asof,
    )  # fmt: skip


def _tree(
    symbol: str,
    datas: Mapping[str, SymbolData],
    qualities: Mapping[str, Quality],
    measures: Mapping[str, Mapping[str, Any]],
    outlook: Outlook,
) -> dict[str, Any]:
    return {
        **outlook.trees.get(symbol, {}),
        "quality": to_plain(qualities[symbol].tree),
        **measures[symbol],
        "charts": chart_points(datas[symbol]),
    }


def _input(wanted: SymbolInput, data: SymbolData, quality: Quality) -> dict[str, Any]:
    bars = data.frame("1m")
    begun = {one.day for one in data.hours}
    days = [file.day for file in wanted.files if file.day in begun]
    return {
        "source": data.source,
        "other_sources": dict(data.others),
        "ticks": data.ticks,
        "bars_1m": len(bars),
        "sessions": len(data.hours),
        "files": len(days),
        "first_day": str(days[0]) if days else None,
        "last_day": str(days[-1]) if days else None,
        "data_hash": data.data_hash,
        "from_bars": [day.isoformat() for day in quality.from_bars],
        "left_out": [day.isoformat() for day in data.left_out],
    }


def _verdicts(qualities: Mapping[str, Quality]) -> dict[str, Verdict]:
    return {symbol: quality.verdict for symbol, quality in qualities.items()}


def _volatility(measures: Mapping[str, Mapping[str, Any]]) -> dict[str, float | None]:
    return {symbol: _number(tree["volatility"]["realised"]) for symbol, tree in measures.items()}


def _number(figure: Mapping[str, Any]) -> float | None:
    value = figure["value"]
    return value if isinstance(value, float) else None


def _nothing(
    question: Question, inputs: Sequence[SymbolInput], datas: Mapping[str, SymbolData], asof: datetime
) -> ThorError:
    what = f"{', '.join(question.symbols)} from {question.start} to {question.end}"
    if any(data.left_out for data in datas.values()):
        return Conflict(
            f"the lake's files with the ticks of {what} are damaged or lost, and so are their bars: export those days "
            "again with --overwrite, or restore the files from a copy, and run `flask verify-lake`"
        )
    begun = {one.day for data in datas.values() for one in data.hours}
    if days := [file.day for one in inputs for file in one.files if file.day in begun]:
        return NotFound(
            f"insufficient data: there are ticks of {what}, but none of a minute that was over at {brief_text(asof)}: "
            "ask as of a later time, and while the session runs wait for the end of a minute and export it again with "
            f"`flask export-to-parquet --date={max(days)}`"
        )
    return NotFound(
        f"the lake has no ticks of {what}: "
        "see `flask lake` for what there is, and export what is missing with `flask backfill-parquet`"
    )
