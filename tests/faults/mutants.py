"""Thor's processes with a bug planted in them: python -m tests.faults.mutants BUG MODULE ARGUMENTS…

Each of the bugs is one that this kind of pipeline is known for. A scenario whose judge does not see it, or a test that
passes with it, proves nothing. Where the module is `pytest`, the bug is in the process of the tests.
"""

import runpy
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

# A commit on a slow disk: the faster it is, the more kills it takes to meet the gap.
COMMIT_S = 0.05
CAP = 500


def acknowledge_first() -> None:
    """Entries count as done when they are read, before anything of them is committed."""
    from app.bus.groups import GroupReader
    from app.ingest.storing import TickWriter

    words, store = GroupReader._command, TickWriter.store

    def command(reader: GroupReader, *arguments: Any) -> tuple[Any, ...]:
        made = words(reader, *arguments)
        place = made.index("COUNT")
        return (*made[:place], "NOACK", *made[place:])

    def slow_store(writer: TickWriter, *arguments: Any) -> Any:
        time.sleep(COMMIT_S)
        return store(writer, *arguments)

    _plant(GroupReader, "_command", command)
    _plant(TickWriter, "store", slow_store)


def read_new_only() -> None:
    """What was delivered before a crash is never asked for again."""
    from app.bus.groups import GroupReader

    _plant(GroupReader, "read_own", lambda *_arguments, **_options: [])
    _plant(GroupReader, "claim_lost", lambda *_arguments, **_options: [])


def group_at_the_end() -> None:
    """A group that must be made begins with what comes from then on."""
    from app.bus import joining

    _plant_text(joining, "_JOIN", "ARGV[1], start, 'MKSTREAM'", "ARGV[1], '$', 'MKSTREAM'")


def cap_by_deleting() -> None:
    """The stream is kept short by dropping what is oldest, read or not."""
    from app.bus import stream

    _plant_text(stream, "PUBLISH", "'XADD', KEYS[2], '*'", f"'XADD', KEYS[2], 'MAXLEN', '{CAP}', '*'")


def restart_the_numbers() -> None:
    """A collector that starts again counts from one."""
    from app.collectors.publishing import SourcePublisher

    counters: dict[int, Any] = {}
    _plant(SourcePublisher, "next_seq", lambda publisher: next(counters.setdefault(id(publisher), count(1))))


def trust_the_lease() -> None:
    """Who once held the lease believes that it holds it still, and nobody asks."""
    from app.bus import stream
    from app.collectors import publishing

    fence = "if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return redis.error_reply('FENCED') end"
    _plant_text(stream, "PUBLISH", fence, "")
    _plant(publishing, "renew", lambda *_arguments, **_options: True)


def purge_unproved() -> None:
    """A day leaves the database because its files are recorded, without a look at them."""
    from app.export import proving, purging

    def recorded(sessions: Any, _lake: Any, day: Any, *_more: Any, **_named: Any) -> tuple[Any, Any]:
        with sessions() as session:
            files = purging.list_files(session, day, day + timedelta(days=1))
            return purging.describe_day(session, day), {row.symbol: row for row in files}

    # The certificate, without which no day goes, looks as well.
    for module in (proving, purging):
        _plant(module, "prove_day", recorded)


def stage_inside_the_glob() -> None:
    """A file is written beside its target, under a name that readers take for one of theirs."""
    from app.lake import files

    staged = files._staged

    @contextmanager
    def in_place(lake: Any, target: Path) -> Iterator[Path]:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.parent / f".tmp-{uuid4().hex}.parquet"
        with staged(lake, target) as decoy:
            decoy.touch()  # By which the scenario knows that a file is being written.
            try:
                yield draft
            finally:
                draft.unlink(missing_ok=True)

    _plant(files, "_staged", in_place)


def believe_the_claim() -> None:
    """Who once took a job believes that it is still its own, and nobody asks."""
    from app.jobs import claims
    from app.jobs.models import AnalysisJob

    _plant(claims, "_holds", lambda claim: AnalysisJob.id == claim.job_id)


def back_up_from_now_on() -> None:
    """A backup takes of the stream what comes while it is made, as if all before were stored."""
    from app.backups import bus

    _plant(bus, "oldest_waiting", lambda _client: None)


def read_in_any_order() -> None:
    """A page of ticks holds whichever rows the database comes upon first."""
    from psycopg2 import sql

    from app.ticks import reading

    words = reading._COPY.string
    if "ORDER BY ts, seq, source " not in words:
        raise LookupError("ticks are read in no such order: the bug cannot be planted")
    _plant(reading, "_COPY", sql.SQL(words.replace("ORDER BY ts, seq, source ", "")))


def swallow_the_commit() -> None:
    """What the database did not commit counts as stored, and is acknowledged."""
    from app.errors import Unavailable
    from app.ingest.batch import Stored
    from app.ingest.storing import TickWriter

    store = TickWriter.store

    def hopeful(writer: TickWriter, batch: Any, *more: Any) -> Stored:
        try:
            return store(writer, batch, *more)
        except Unavailable:
            return Stored(len(batch.entries), len(batch.rows.lines), 0, 0, ())

    _plant(TickWriter, "store", hopeful)


def wait_beyond_the_timeout() -> None:
    """Who waits for news waits longer than its connection does."""
    from app.api.installation import STREAM_TIMEOUT_S
    from app.api.sse import tail
    from app.bus import groups
    from app.ingest.run import BLOCK_MS

    _plant(groups, "ANSWER_S", 0.1 - BLOCK_MS / 1000)
    _plant(tail, "BLOCK_MS", int(STREAM_TIMEOUT_S * 1000) + 1000)


def ask_for_no_token() -> None:
    """A change in the admin needs no token of its session."""
    from app.admin import security

    _plant(security.csrf, "protect", lambda: None)


BUGS: dict[str, Callable[[], None]] = {
    "ack-before-commit": acknowledge_first,
    "new-entries-only": read_new_only,
    "group-at-the-end": group_at_the_end,
    "maxlen": cap_by_deleting,
    "seq-reset": restart_the_numbers,
    "stale-lease": trust_the_lease,
    "temporary-in-glob": stage_inside_the_glob,
    "purge-before-verify": purge_unproved,
    "unfenced-finish": believe_the_claim,
    "backup-from-now-on": back_up_from_now_on,
    "no-order": read_in_any_order,
    "commit-swallowed": swallow_the_commit,
    "block-beyond-timeout": wait_beyond_the_timeout,
    "csrf-off": ask_for_no_token,
}


def _plant(owner: Any, name: str, replacement: object) -> None:
    if not hasattr(owner, name):
        raise LookupError(f"{owner} has no {name}: the bug cannot be planted")
    setattr(owner, name, replacement)


def _plant_text(owner: Any, name: str, text: str, replacement: str) -> None:
    script = getattr(owner, name)
    if text not in script:
        raise LookupError(f"{name} of {owner} has no {text!r}: the bug cannot be planted")
    setattr(owner, name, script.replace(text, replacement))


def main(bug: str, module: str, *arguments: str) -> None:
    """Plant the bug, then run the module as `python -m` does."""
    BUGS[bug]()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
