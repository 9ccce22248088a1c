"""Commands that move quotes from the stream to PostgreSQL."""

import json
import socket
from threading import Event

import click

from app.bus.connection import check_persistence
from app.bus.groups import group_state, parse_consumer
from app.bus.stream import stream_state
from app.cli.console import command, console
from app.cli.stopping import at_work
from app.ingest.dead_letters import count_dead_letters
from app.ingest.run import Ingestor, IngestPlan
from app.operations.pipeline import ingestors
from app.runtime import runtime


@command("redis-to-postgres")
@click.option("--batch-size", type=click.IntRange(1, 20_000), help="Quotes per transaction [INGEST_BATCH_SIZE].")
@click.option("--consumer-id", help="Name under which this process reads the stream [cli-<host>].")
@click.option("--status", is_flag=True, help="Show lag, pending entries and dead letters, and end.")
@click.option("--drain", is_flag=True, help="End when everything in the stream is stored.")
@click.option("--json", "as_json", is_flag=True, help="With --status: print JSON.")
def redis_to_postgres(
    batch_size: int | None, consumer_id: str | None, status: bool, drain: bool, as_json: bool
) -> None:
    """Store every quote of the stream in PostgreSQL, until Ctrl-C.

    Entries are acknowledged only after they are committed: kill it at any moment and start it again. Several may run
    side by side under different consumer ids.

    \b
    flask redis-to-postgres --batch-size 2000 --consumer-id worker1
    flask redis-to-postgres --status
    """
    rt = runtime()
    if status:
        _show_status(as_json)
        return
    consumer = parse_consumer(f"cli-{socket.gethostname()}"[:64] if consumer_id is None else consumer_id)
    check_persistence(rt.redis)
    plan = IngestPlan(consumer, batch_size or rt.settings.ingest_batch_size)
    stop = Event()
    ingestor = Ingestor(rt.raw_redis, rt.redis, rt.sessions, rt.market, rt.clock, plan)
    with at_work(stop):
        totals = ingestor.run(stop, until_drained=drain)
    console.print(
        f"Ingest ended: {totals.read:,} entries read, {totals.written:,} stored, {totals.duplicates:,} already there, "
        f"{totals.dead:,} dead letters"
    )


def _show_status(as_json: bool) -> None:
    rt = runtime()
    stream, group = stream_state(rt.redis), group_state(rt.redis)
    with rt.sessions() as session:
        dead = count_dead_letters(session)
    readers = ingestors(rt.redis, rt.clock.now())
    if as_json:
        state = {"stream_length": stream.length, "lag": group.lag, "pending": group.pending, "dead_letters": dead}
        click.echo(json.dumps({**state, "ingestors": readers}, indent=2))
        return
    console.print(f"Stream: {stream.length:,} entries kept, {stream.added:,} ever published")
    console.print(f"Behind: {group.lag:,} not read, {group.pending:,} read and not yet acknowledged")
    console.print(f"Dead letters: {dead:,}")
    for name, figures in readers.items():
        age_s = figures["progress_age_s"]
        progress = "no progress yet" if age_s is None else f"last progress {age_s} s ago"
        console.print(f"Ingestor {name}: {figures['state']}, {int(str(figures['written'])):,} stored, {progress}")
    if not readers:
        console.print("No ingestor runs: start one with `flask redis-to-postgres`, or everything with `flask up`")


COMMANDS = (redis_to_postgres,)
