"""The whole analysis as of an instant, when what comes after it is another, or when its files are written otherwise."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.analysis.data.cache import Cache
from app.analysis.document import Analysis
from app.analysis.engine import analyse
from app.analysis.findings import to_plain
from app.analysis.inputs import SymbolInput
from app.analysis.keeping import Keep
from app.analysis.question import Parameters, Question
from app.clock import instant_text
from app.lake.layout import Lake
from app.market.sessions import Session
from tests.made_lakes import MadeSymbol, drifting, make_symbol, other_future, short_sessions, walk_of
from tests.nulls.check import NullCheck, Observed

Analyse = Callable[..., Analysis]

SESSIONS: Final = 12
LENGTH: Final = timedelta(hours=8)
MINUTES: Final = SESSIONS * LENGTH // timedelta(minutes=1)
PARAMETERS: Final = Parameters.model_validate({"horizons": ["5m"], "permutations": 99, "most_bars": 600})
# Of the first half of the sessions too little is learnt to predict.
FIRST_CUT: Final = 7


def made_market(lake: Lake) -> list[MadeSymbol]:
    """Two symbols in a lake: one walks at random, the other drifts."""
    hours = short_sessions(SESSIONS, LENGTH)
    closes = {"ES": walk_of(1, MINUTES), "NQ": drifting(2, MINUTES)}
    return [make_symbol(lake, symbol, hours, prices, seed) for seed, (symbol, prices) in enumerate(closes.items())]


def question_of(inputs: Sequence[SymbolInput], **parts: Any) -> Question:
    """The question about all there is of these symbols."""
    hours, symbols = inputs[0].hours, tuple(one.symbol for one in inputs)
    asked: dict[str, Any] = {"symbols": symbols, "start": hours[0].day, "end": hours[-1].day, "parameters": PARAMETERS}
    return Question(**(asked | parts))


def told(found: Analysis) -> dict[str, Any]:
    """All that an analysis says, as it is kept; not how much work it was."""
    plain = {
        "asof": instant_text(found.asof), "question": found.question, "inputs": to_plain(found.inputs),
        "symbols": to_plain(found.symbols), "portfolio": to_plain(found.portfolio),
    }  # fmt: skip
    rows = {"recommended": list(found.recommended.values()), "predictions": list(found.predictions)}
    return plain | {name: [_fields(row) for row in parts] for name, parts in rows.items()}


def differences(one: Any, other: Any, path: str = "") -> list[str]:
    """Where two parts of documents are not the same to the last bit."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [place for name in one for place in differences(one[name], other[name], f"{path}/{name}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = zip(one, other, strict=True)
        return [place for at, pair in enumerate(pairs) for place in differences(*pair, f"{path}/{at}")]
    # The text of a float is read back as the same bits, and unlike NaN the same text is equal.
    return [] if repr(one) == repr(other) else [path]


def cuts(count: int, hours: Sequence[Session] = ()) -> list[datetime]:
    """Instants in the second half of the sessions: within a minute, at a close, before an open, between sessions."""
    later = (hours or short_sessions(SESSIONS, LENGTH))[FIRST_CUT - 1 :]
    dice = np.random.default_rng(9)
    found = []
    for place in range(count):
        one = later[place * 3 % len(later)]
        within = one.open + timedelta(seconds=int(dice.integers(1, LENGTH // timedelta(seconds=1))))
        found.append((within, one.close, one.close + timedelta(hours=3), within.replace(second=0))[place % 4])
    return found


def changed_by_the_future(
    made: Sequence[MadeSymbol], lake: Lake, moments: Sequence[datetime], folder: Path, *,
    cache: Keep | None = None, run: Analyse = analyse,
) -> dict[datetime, list[str]]:  # fmt: skip
    """Where the analysis as of an instant differs once all ticks after it are others, by instant.

    With a cache the ticks as they were are analysed with it, and before that to their end, so that it has all of them.
    """
    inputs = [one.wanted for one in made]
    question = question_of(inputs)
    if cache is not None:
        run(question, inputs, lake, inputs[0].hours[-1].close + timedelta(hours=1), cache=cache)
    found = {}
    for place, moment in enumerate(moments):
        other = Lake(folder / str(place))
        others = [other_future(one, other, moment, place) for one in made]
        before = run(question, inputs, lake, moment, cache=cache)
        found[moment] = differences(told(before), told(run(question, others, other, moment)))
    return {moment: places for moment, places in found.items() if places}


def future_is_not_seen(runs: int) -> Observed:
    """L1: the analysis as of an instant is the same to the last bit when everything after it is another."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lake = Lake(folder / "lake")
        made = made_market(lake)
        cache = Cache(folder / "cache", 10**9)
        found = changed_by_the_future(made, lake, cuts(runs), folder, cache=cache)
    return _observed(found, runs)


def day_by_day_is_all_at_once(runs: int) -> Observed:
    """L3: the predictions of runs on a lake that grows by a session each day are those of as-of runs over all of it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lake = Lake(folder / "lake")
        inputs = [one.wanted for one in made_market(lake)]
        kept = Cache(folder / "kept", 10**9)
        found = {}
        for one in inputs[0].hours[-runs:]:
            grown = [until(each, one) for each in inputs]
            daily = analyse(question_of(grown, kind="prediction"), grown, lake, one.close, cache=kept)
            whole = analyse(question_of(inputs, kind="prediction"), inputs, lake, one.close)
            found[one.close] = differences(_said(daily), _said(whole))
            if len(daily.predictions) != len(inputs):
                found[one.close].append("a symbol without a prediction")
    return _observed({moment: places for moment, places in found.items() if places}, runs)


def until(wanted: SymbolInput, last: Session) -> SymbolInput:
    """What there was of a symbol on the evening of a session."""
    begun = tuple(one for one in wanted.hours if one.day <= last.day)
    ahead = (*wanted.hours[len(begun) :], *wanted.following)[:2]
    files = tuple(file for file in wanted.files if file.day <= last.day)
    return replace(wanted, hours=begun, following=ahead, files=files)


def _said(found: Analysis) -> dict[str, Any]:
    return {name: part for name, part in told(found).items() if name in ("predictions", "recommended")}


def _fields(row: Any) -> dict[str, Any]:
    # Instants are equal whatever names their offset of none.
    return {name: instant_text(part) if isinstance(part, datetime) else part for name, part in asdict(row).items()}


def _observed(found: dict[datetime, list[str]], runs: int) -> Observed:
    where = sorted({place for places in found.values() for place in places})
    return Observed(
        f"differences at {len(found)} of {runs} instants{': ' + ', '.join(where) if where else ''}", not found
    )


CHECKS = (
    NullCheck("L1", "the whole analysis sees no future", "the same to the last bit", future_is_not_seen, 20, 3),
    NullCheck("L3", "day by day gives what all at once gives", "the same", day_by_day_is_all_at_once, 6, 2),
)
