"""Commands that publish recorded quotes."""

import time
from pathlib import Path
from threading import Event

import click

from app.bus.connection import check_persistence
from app.cli.console import command, console, counting
from app.cli.stopping import at_work
from app.collectors.recordings import open_recording
from app.collectors.replay import ReplayPlan, replay
from app.errors import Rejected
from app.runtime import runtime

FASTEST = "max"
SPEED_LIMIT = 1_000_000.0


def parse_speed(text: str) -> float | None:
    """A multiple of the recorded pace, or None for `max`; Rejected when it is neither."""
    if text == FASTEST:
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= SPEED_LIMIT:
        raise Rejected(f"--speed {text!r}: give a number above 0, such as 1 or 60, or max")
    return speed


@command("replay")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--speed", default="1", show_default=True, help="Multiple of the recorded pace, or max.")
@click.option("--as-live", is_flag=True, help="Stamp the quotes with the present time instead of the recorded one.")
def replay_files(files: tuple[Path, ...], speed: str, as_live: bool) -> None:
    """Publish recorded quotes as source REPLAY: Parquet or CSV files, one after another.

    Columns: symbol, ts (with time zone), seq, and any of contract, last, bid, ask, last_size, bid_size, ask_size,
    volume, trade, open, high, low, close, change. All files are checked whole before the first quote is published.
    Recorded ts and seq are kept: the same file once more changes nothing in storage.

    \b
    flask replay gold.parquet --speed max
    flask replay monday.csv --speed 60 --as-live
    """
    rt = runtime()
    plan = ReplayPlan(parse_speed(speed), as_live, rt.settings.stream_cap)
    recordings = [open_recording(path, rt.clock.now()) for path in files]
    check_persistence(rt.redis)
    rows = sum(recording.rows for recording in recordings)
    for recording in recordings:
        span = f"{recording.first:%Y-%m-%d %H:%M:%S} to {recording.last:%Y-%m-%d %H:%M:%S} UTC"
        console.print(f"{recording.path.name}: {recording.rows:,} quotes of {', '.join(recording.symbols)}, {span}")
    stop, began = Event(), time.monotonic()
    with at_work(stop), counting("Replaying", rows) as advance:
        published = replay(rt.redis, recordings, plan, rt.market, rt.clock, stop, advance)
    took_s = time.monotonic() - began
    ended = "Replay stopped" if published < rows else "Replay completed"
    rate = published / max(took_s, 0.001)
    console.print(f"{ended}: {published:,} of {rows:,} quotes published in {took_s:.1f} s ({rate:,.0f}/s)")


COMMANDS = (replay_files,)
