"""Jobs and what an analysis could have found, for those who test what is around the analysis."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from app.analysis.document import Analysis, PredictionMade, Recommended
from app.analysis.findings import Basis
from app.analysis.inputs import SymbolInput
from app.analysis.question import Question
from app.jobs.requests import JobRequest
from app.jobs.service import submit
from app.lake.layout import Lake
from app.stores import Stores
from tests.waiting import until

NOW = datetime(2025, 10, 9, 15, 30, tzinfo=UTC)
STEPS = ("bars", "statistics", "prediction", "portfolio")


def request(*symbols: str, **parts: Any) -> JobRequest:
    """A request for an analysis of these symbols."""
    return JobRequest.model_validate({"symbols": symbols, **parts})


def ask(stores: Stores, *symbols: str, **parts: Any) -> int:
    """The number of a new job."""
    with stores.sessions.begin() as session:
        asked = request(*(symbols or ("ES",)), **parts)
        return submit(session, stores.market, asked, stores.clock.now(), requested_by="test").job.id


def found_for(question: Question, asof: datetime) -> Analysis:
    """An analysis that holds the first symbol, would buy the others, and predicts an hour of each."""
    basis = Basis("made up", asof)
    tree = {
        "trend": {"combined": basis.found(1.25, 100, "made up")},
        "volatility": {"realised": basis.found(0.16, 100, "made up")},
        "levels": {"together": basis.found(0.9, 20, "made up")},
        "quality": {"verdict": "ok"},
    }
    return Analysis(
        asof=asof,
        question=question.plain(),
        inputs={symbol: {"source": "REPLAY", "data_hash": "d" * 64} for symbol in question.symbols},
        symbols=dict.fromkeys(question.symbols, tree),
        portfolio={"var": basis.found(0.01, 100, "made up")},
        recommended={symbol: advice(symbol, place, asof) for place, symbol in enumerate(question.symbols)},
        predictions=tuple(prediction_of(symbol, asof=asof) for symbol in question.symbols),
        work={"ticks": 1_000, "cache_hits": 2, "stages": {"bars": 0.1}},
    )


def advice(symbol: str, place: int, asof: datetime) -> Recommended:
    """A hold for the first place, else a purchase."""
    known: dict[str, Any] = {"symbol": symbol, "asof": asof, "valid_until": asof + timedelta(hours=1)}
    if place == 0:
        return Recommended(action="HOLD", confidence=0.5, strength=0.0, reason_code="no_skill", **known)
    return Recommended(action="BUY", confidence=0.6, strength=0.2, reason_code="", **known)


def prediction_of(symbol: str = "ES", **parts: Any) -> PredictionMade:
    """A prediction of the next hour from `asof` on."""
    asof = parts.get("asof", NOW)
    known: dict[str, Any] = {
        "symbol": symbol,
        "source": "REPLAY",
        "horizon": "1h",
        "asof": asof,
        "target_ts": asof + timedelta(hours=1),
        "base_price": 6710.25,
        "base_rate": 0.51,
        "p": 0.6,
        "low": 6690.0,
        "high": 6730.0,
        "gated": True,
        "n_train": 1_000,
        "params_hash": "p" * 64,
        "data_hash": "d" * 64,
    }
    return PredictionMade(**(known | parts))


class EndlessAnalysis:
    """Stands in for an analysis that takes too long: goes on until it is told to stop, after a call of `at`."""

    def __init__(self, at: Callable[[], None] = lambda: None) -> None:
        self._at = at

    def __call__(self, *_asked: object, say: Callable[[str, float], None], **_options: object) -> Analysis:
        """Say again and again how far it is."""
        say("bars", 0.0)
        self._at()
        until(lambda: say("bars", 0.25))
        raise AssertionError("it was not told to stop")


class SteppedAnalysis:
    """Stands in for the analysis: goes through steps, calls `at` in each, and finds what it always finds."""

    def __init__(self, at: Callable[[str], None] = lambda _step: None) -> None:
        self._at = at
        self.asked: list[dict[str, Any]] = []

    def __call__(
        self,
        question: Question,
        inputs: Sequence[SymbolInput],
        lake: Lake,
        asof: datetime,
        *,
        cache: object = None,
        model_enabled: bool = True,
        degraded: Collection[tuple[str, str]] = (),
        say: Callable[[str, float], None],
    ) -> Analysis:
        """Go through the steps."""
        self.asked.append({"inputs": list(inputs), "asof": asof, "model_enabled": model_enabled, "degraded": degraded})
        for place, step in enumerate(STEPS):
            say(step, place / len(STEPS))
            self._at(step)
        return found_for(question, asof)
