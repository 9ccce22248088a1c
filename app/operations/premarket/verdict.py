"""The verdict on a ladder, from what is recorded of it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.operations.premarket.remarks import Gravity, Remark, in_order
from app.premarket.definition import AHEAD, Stage
from app.premarket.reports import Verdict
from app.premarket.rows import ENDED

# A person reads them before the open; all of them stay with their stages.
MOST_REASONS: Final = 12
# What one stage finds of these the next one finds again, with figures of its own.
FOUND_ANEW: Final = (Gravity.DATA, Gravity.INPUT, Gravity.MODEL)


@dataclass(frozen=True)
class StageFacts:
    """A stage as it is recorded; `late_s` is how long after its deadline it ended."""

    stage: Stage
    status: str
    late_s: int = 0
    remarks: Sequence[Remark] = ()


@dataclass(frozen=True)
class ClimbFacts:
    """A ladder as it is recorded: when the market opens, by when the report is due, and when it was made.

    `rests_on` is the stage whose analysis the report is made of, None before it is made.
    """

    opens_at: datetime
    report_due_at: datetime
    made_at: datetime | None
    stages: Sequence[StageFacts]
    rests_on: str | None = None


@dataclass(frozen=True)
class Judged:
    """A verdict, None before it can be told, and its reasons, what hurts most first, twelve at most; READY has none."""

    verdict: Verdict | None
    reasons: tuple[str, ...] = ()


def decide_verdict(facts: ClimbFacts, now: datetime) -> Judged:
    """The verdict at an instant.

    READY: the report was made in time, and nothing is remarked. DEGRADED: made in time, and the reasons tell what to
    mind. LATE: not made by its deadline, or after that. MISSING: not made, and the market has opened. None while the
    report is neither made nor due. What the data and the model are remarked for counts of the report and of the stage
    that it rests on alone, and while it is not made of the last stage that is done.
    """
    verdict, first = _of_report(facts, now)
    if verdict is None:
        return Judged(None)
    remarks = in_order([*first, *_of_stages(facts)])
    if verdict == "READY" and remarks:
        verdict = "DEGRADED"
    return Judged(verdict, _shortened([remark.text for remark in remarks]))


def span_text(span: timedelta) -> str:
    """How long that is, for a person, such as "45 s", "4 min" or "26 h 47 min"."""
    seconds = round(span.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    minutes = seconds // 60
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60:,} h {minutes % 60} min"


def _of_report(facts: ClimbFacts, now: datetime) -> tuple[Verdict | None, list[Remark]]:
    made_at, due_at = facts.made_at, facts.report_due_at
    if made_at is None:
        if now >= facts.opens_at:
            return "MISSING", [Remark(Gravity.NO_REPORT, "there is no report, and the market has opened")]
        if now <= due_at:
            return None, []
        # Not how long ago: the reason stays the same from one look to the next.
        return "LATE", [Remark(Gravity.NO_REPORT, f"the report is not made, and was due at {due_at:%H:%M:%S} UTC")]
    if made_at >= facts.opens_at:
        text = f"there was no report at the open: it was made {span_text(made_at - facts.opens_at)} after that"
        return "LATE", [Remark(Gravity.NO_REPORT, text)]
    if made_at > due_at:
        return "LATE", [
            Remark(Gravity.NO_REPORT, f"the report was made {span_text(made_at - due_at)} after it was due")
        ]
    return "READY", []


def _shortened(reasons: Sequence[str]) -> tuple[str, ...]:
    if len(reasons) <= MOST_REASONS:
        return tuple(reasons)
    shown = reasons[: MOST_REASONS - 1]
    return (*shown, f"{len(reasons) - len(shown)} more reasons are told by the stages: see `flask premarket status`")


def _superseded(facts: ClimbFacts) -> Collection[Stage]:
    """The stages whose data and model were looked at anew by a later one."""
    done = [one.stage for one in facts.stages if one.stage in AHEAD and one.status in ("done", "late")]
    kept = ("report", facts.rests_on or (done[-1] if done else ""))
    return [stage for stage in done if stage not in kept]


def _of_stages(facts: ClimbFacts) -> Iterator[Remark]:
    superseded = _superseded(facts)
    said: dict[str, list[Stage]] = {}
    gravity: dict[str, Gravity] = {}
    for one in facts.stages:
        yield from _of_ending(one, facts)
        if one.status in ("failed", "skipped"):
            continue
        for remark in one.remarks:
            if one.stage in superseded and remark.gravity in FOUND_ANEW:
                continue
            said.setdefault(remark.text, []).append(one.stage)
            gravity[remark.text] = min(remark.gravity, gravity.get(remark.text, remark.gravity))
    for text, stages in said.items():
        # What is true of the report needs no name of a stage.
        yield Remark(gravity[text], text if "report" in stages else f"{', '.join(stages)}: {text}")


def _of_ending(one: StageFacts, facts: ClimbFacts) -> Iterator[Remark]:
    if one.status in ("failed", "skipped"):
        gravest = Gravity.FAILED if one.status == "failed" else Gravity.LATE
        if one.stage == "report":
            gravest = Gravity.NO_REPORT
        yield from (Remark(gravest, f"{one.stage} {one.status}: {remark.text}") for remark in one.remarks)
    elif one.status == "late":
        late = span_text(timedelta(seconds=one.late_s))
        yield Remark(Gravity.LATE, f"{one.stage} was done {late} after it was due")
    elif one.status not in ENDED and one.stage != "verify" and facts.made_at is not None:
        yield Remark(Gravity.LATE, f"{one.stage} has not ended")
