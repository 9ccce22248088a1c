"""The end of a run in tables, and what they come to."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.soak.run import SAMPLES, Outcome
from benchmarks.soak.samples import MEASURES, read
from benchmarks.soak.slopes import WarmUp
from benchmarks.soak.verdict import Judged, Verdict, judge, show


def report(console: Console, outcome: Outcome, warm_up: WarmUp) -> int:
    """Print everything; 1 when anything was wrong."""
    console.print(_accounts(outcome))
    console.print(*outcome.remarks, sep="\n", highlight=False)
    grown = judged_folder(console, outcome.folder, warm_up)
    wrong = outcome.wrong()
    console.print(*(f"WRONG: {sentence}" for sentence in wrong), sep="\n", highlight=False)
    return int(bool(wrong) or bool(grown))


def judged_folder(console: Console, folder: Path, warm_up: WarmUp) -> int:
    """Print what the samples in a folder say; 1 when the slope of a process is above its limit."""
    judged = judge(read(folder / SAMPLES), warm_up)
    for measure in MEASURES:
        console.print(show(judged, measure))
    console.print(f"Growing: {', '.join(_named(judged, 'GROWS')) or 'nothing'}", highlight=False)
    if open_ones := _named(judged, "not told apart"):
        console.print(f"For a longer run to tell: {', '.join(open_ones)}", highlight=False)
    return int(any(one.is_above for one in judged))


def _named(judged: Sequence[Judged], verdict: Verdict) -> list[str]:
    return [f"{one.name} ({one.measure})" for one in judged if one.verdict == verdict]


def _accounts(outcome: Outcome) -> Table:
    held, accounts = outcome.held, outcome.accounts
    table = Table("", "published", "stored", "dead", "duplicates", "lost", "rows", "", title="What came of the quotes")
    for one in accounts.sources:
        figures = (one.published, one.stored, one.dead, one.duplicates, one.lost, one.rows)
        table.add_row(one.source, *(f"{figure:,}" for figure in figures), ", ".join(one.verdicts))
    told = f"{held.in_doubt:,} in doubt, {held.doubled:,} doubled, {held.foreign:,} foreign"
    table.add_row("the record", f"{held.accepted:,}", f"{held.stored:,}", "", "", f"{held.lost:,}", "", told)
    return table
