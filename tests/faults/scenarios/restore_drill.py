"""Backups are made while quotes are stored, killed and made again, and restored to machines that have nothing yet."""

import contextlib
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import text

from app.backups.shelf import Shelf
from app.bus import keys
from app.export.purging import purge_day
from app.export.ticks import export_day
from app.lake.facts import file_digest
from tests.faults.harness.accounts import settle_accounts
from tests.faults.harness.checker import audit
from tests.faults.harness.feed import Feed, feeding, source_publisher
from tests.faults.harness.filling import DAY, LATER, fill_day
from tests.faults.harness.ledger import Ledger
from tests.faults.harness.pipeline import wait_drained, wait_up
from tests.faults.harness.processes import Victim, flask_command, ingest_command, victim
from tests.faults.harness.world import World, world
from tests.faults.scenario import Outcome, Scenario, Trial
from tests.old_rows import add_old_rows
from tests.waiting import until

COMMAND_S = 600
RESTORE_LIMIT_S = 1800.0
DAYS = [DAY - timedelta(days=back) for back in (1, 2, 3, 6, 7)]
KEPT_HERE = ("trading_instruments", "markets")
# Those of the fixed rows that would take the place of what the pipeline writes, or of a real file's row.
PIPELINE = ("ticks", "lake_files", "ingest_batches", "stream_positions", "published_counts", "given_numbers")
BALANCE = ("losses", "duplicate_counts", "reconciliations")
_OTHER = (
    "INSERT INTO losses (kind, ref, count, source, symbol, session_date) VALUES "
    "('collector_drop', 'one', 4, 'EXCEL', 'ES', '2024-01-02')",
    "INSERT INTO duplicate_counts VALUES ('EXCEL', 'ES', '2024-01-02', 7)",
)
_TABLES = """
SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
AND NOT relispartition AND relname <> 'alembic_version'
"""


@dataclass
class Drill:
    """What was seen so far."""

    wrong: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)
    figures: dict[str, object] = field(default_factory=dict)


def play(trial: Trial) -> Outcome:
    """Back up during ingest and at rest, restore both elsewhere, and hold everything against what it was."""
    drill = Drill()
    rows = trial.pick(20_000, 1_000_000)
    ledger = Ledger(trial.directory / "ledger", trial.pick(12_000, 200_000))
    shelf = trial.directory / "backups"
    with _machine(trial, "old") as old:
        _fill(old, rows, trial)
        publisher = source_publisher(old.stores.redis)
        with feeding(Feed(publisher, ledger, rate_per_s=trial.pick(1_500, 2_000))) as feed:
            name, known = _back_up_live(old, ledger, feed, shelf, trial, drill)
        with feeding(Feed(publisher, ledger)) as feed:
            feed.allow(feed.done + trial.pick(500, 15_000))  # Nobody stores these.
            feed.wait()
        _back_up_at_rest(old, shelf, drill)
        with _machine(trial, "new") as new:
            _restore_at_rest(old, new, shelf, trial, drill)
    with _machine(trial, "live") as live:
        _restore_live(live, ledger, (name, known), shelf, trial, drill)
    return Outcome({"ticks": rows, **drill.figures}, drill.wrong, drill.slow)


@contextlib.contextmanager
def _machine(trial: Trial, name: str) -> Iterator[World]:
    directory = trial.directory / name
    directory.mkdir()
    with world(replace(trial, directory=directory)) as own:
        yield own


def _fill(old: World, rows: int, trial: Trial) -> None:
    for day in DAYS:
        fill_day(old.sessions, "ES", rows // len(DAYS) // 2, day=day)
        fill_day(old.sessions, "NQ", rows // len(DAYS) // 2, day=day)
    with old.sessions.begin() as session:
        # The feed is the only one of its source.
        session.execute(text("UPDATE ticks SET source = 'EXCEL' WHERE source = 'SCHWAB'"))
    for day in DAYS[1:]:
        export_day(old.sessions, old.stores.lake, day, LATER)
    # The lake is this day's only place.
    assert purge_day(old.sessions, old.stores.lake, DAYS[-1], LATER).ticks
    with old.sessions.begin() as session:
        add_old_rows(session.connection(), "9999", but=(*PIPELINE, *BALANCE, *KEPT_HERE))
        for statement in _OTHER:
            session.execute(text(statement))
    state = old.stores.settings.state_dir
    (state / "schwab").mkdir(parents=True, exist_ok=True)
    (state / "schwab/token.json").write_text('{"token": "of-a-test"}')
    trial.say(f"{rows:,} ticks of {len(DAYS)} days stored, {len(DAYS) - 1} of them exported, 1 purged")


def _back_up_live(
    old: World, ledger: Ledger, feed: Feed, shelf: Path, trial: Trial, drill: Drill
) -> tuple[str, "np.ndarray[Any, Any]"]:
    kills, chance = trial.pick(1, 10), random.Random(31)
    with victim(old, ingest_command("one"), "one") as one:
        one.start()
        wait_up(old.stores.redis, "one", one)
        feed.allow(ledger.size * 9 // 10)
        feed.wait(lambda: feed.done > ledger.size // 20)
        halves = 0
        for number in range(kills):
            with victim(old, flask_command("backup", f"--to={shelf}"), f"killed-{number}") as killed:
                _kill_midway(killed, lambda: list(shelf.glob(".draft-*/*")), chance.uniform(0, trial.pick(0, 2)))
            halves += bool(list(shelf.glob(".draft-*")))
        drill.figures["killed half-way"] = halves
        known = ledger.acked.copy()
        made = _run(old, "backup-live", "backup", f"--to={shelf}", "--json")
        drill.figures["live backup s"] = made["duration_s"]
        drill.figures["entries in it"] = made["stream_entries"]
        live = made["name"]
        feed.allow(feed.done)
        feed.wait()
        drill.wrong += wait_drained(old)
        one.end()
    return live, known


def _kill_midway(process: Victim, is_midway: Callable[[], object], after_s: float) -> None:
    process.start()
    until(lambda: is_midway() or not process.is_alive(), COMMAND_S)
    process.ends_within(after_s)
    process.kill()


def _back_up_at_rest(old: World, shelf: Path, drill: Drill) -> None:
    bad = [one.name for one in Shelf(shelf).kept() if one.fault]
    drill.wrong += [f"a backup that was killed is listed as {bad}"] if bad else []
    made = _run(old, "backup-at-rest", "backup", f"--to={shelf}", "--json")
    drill.figures |= {"backup s": made["duration_s"], "MB": round(made["bytes"] / 1e6, 1)}
    drill.figures["new MB"] = round((made["bytes"] - made["linked_bytes"]) / 1e6, 1)
    waiting = int(old.stores.redis.xlen(keys.STREAM))
    if not 0 < made["stream_entries"] <= waiting:
        drill.wrong.append(f"the stream's backup has {made['stream_entries']:,} entries, of {waiting:,}")


def _restore_at_rest(old: World, new: World, shelf: Path, trial: Trial, drill: Drill) -> None:
    chance = random.Random(32)
    _leave(new)
    for number in range(trial.pick(1, 10)):
        with victim(new, flask_command("restore", "latest", f"--in={shelf}"), f"killed-{number}") as killed:
            staged = partial(new.stores.redis.exists, f"restoring:{keys.STREAM}")
            _kill_midway(killed, staged, chance.uniform(0, trial.pick(0, 15)))
    began = time.monotonic()
    # The last one that was killed may have come to its end: then this is no empty machine any more.
    done = _run(new, "restore", "restore", "latest", f"--in={shelf}", "--replace", "--yes", "--json")
    took_s = time.monotonic() - began
    drill.figures |= {"restore s": round(took_s, 1), "rows restored": done["rows"]}
    drill.slow += [f"the restore took {took_s:.0f} s"] if took_s > RESTORE_LIMIT_S else []
    drill.wrong += [f"the restore itself says: {line}" for line in done["differences"]]
    tables, different = _compare(old, new)
    drill.figures |= {"tables": tables, "different rows": different}
    drill.wrong += [f"{different:,} rows differ"] if different else []
    here, there = _files(old), _files(new)
    drill.figures["lake files"] = len(here)
    drill.wrong += (
        [f"{len(here.items() ^ there.items())} files of the lake differ"] if here != there or not here else []
    )
    token = new.stores.settings.state_dir / "schwab/token.json"
    if token.read_text() != '{"token": "of-a-test"}' or token.stat().st_mode & 0o077:
        drill.wrong.append("the login is not as it was")


def _restore_live(
    live: World, ledger: Ledger, made: tuple[str, "np.ndarray[Any, Any]"], shelf: Path, trial: Trial, drill: Drill
) -> None:
    _leave(live)
    name, known = made
    done = _run(live, "restore-live", "restore", name, f"--in={shelf}", "--json")
    drill.wrong += [f"the restore itself says: {line}" for line in done["differences"]]
    with victim(live, ingest_command("one"), "one") as one:
        one.start()
        wait_up(live.stores.redis, "one", one)
        drill.wrong += wait_drained(live)
        missing = int((known & ~_stored(live, ledger.size)).sum())
        # What came after the backup is of the other machine; the next events are published here.
        with feeding(Feed(source_publisher(live.stores.redis), ledger)) as feed:
            feed.allow(feed.done + trial.pick(500, 5_000))
            feed.wait()
        drill.wrong += wait_drained(live)
        one.end()
    found, accounts = audit(live.sessions, ledger), settle_accounts(live)
    drill.figures |= {"known before": int(known.sum()), "missing": missing, "doubled": found.doubled}
    claims = {
        f"{missing:,} events that were published before the backup are gone": missing == 0,
        f"{found.doubled:,} events are stored twice": found.doubled == 0,
        f"{found.foreign:,} rows hold what nobody published": found.foreign == 0,
        f"{found.reused:,} sequence numbers did not increase": found.reused == 0,
        f"the balance says {sorted(accounts.verdicts)}, {accounts.lost:,} lost": accounts.verdicts == {"balanced"}
        and not accounts.lost,
    }
    drill.wrong += [sentence for sentence, holds in claims.items() if not holds]


def _run(own: World, name: str, *words: str) -> dict[str, Any]:
    log = own.directory / f"{name}.log"
    with victim(own, flask_command(*words), name) as process:
        process.start()
        code = process.wait(COMMAND_S)
    text_said = log.read_text()
    assert code == 0, f"{' '.join(words)} ended with {code}:\n{text_said[-2000:]}"
    found: dict[str, Any] = json.loads(text_said[text_said.index("{\n") :])
    return found


def _leave(own: World) -> None:
    # Whoever restores wants to be alone.
    own.sessions.kw["bind"].dispose()


def _compare(old: World, new: World) -> tuple[int, int]:
    names, others = (_names(one) for one in (old, new))
    different = 0
    for name in sorted(names | others):
        rows, their = _rows(old, name), _rows(new, name)
        different += sum((rows - their).values()) + sum((their - rows).values())
    return len(names), different + 1_000_000 * (names != others)


def _names(own: World) -> set[str]:
    with own.sessions() as session:
        return set(session.scalars(text(_TABLES)))


def _rows(own: World, name: str) -> Counter[bytes]:
    with own.sessions() as session:
        cells = session.scalars(text(f"SELECT decode(md5(one::text), 'hex') FROM \"{name}\" AS one"))
        return Counter(bytes(cell) for cell in cells)


def _files(own: World) -> dict[str, str]:
    root = own.stores.lake.root
    return {path.relative_to(root).as_posix(): file_digest(path) for path in sorted(root.glob("*/**/*.parquet"))}


def _stored(own: World, size: int) -> "np.ndarray[Any, Any]":
    with own.sessions() as session:
        found = np.array(session.scalars(text("SELECT volume FROM ticks WHERE source = 'SCHWAB'")).all())
    stored = np.zeros(size, dtype=bool)
    stored[found[(found >= 0) & (found < size)]] = True
    return stored


RESTORE_DRILL = Scenario("restore-drill", play, limit_s=900)
