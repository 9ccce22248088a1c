"""The stand-in by hand, `python -m tests.schwab`: it quotes futures at random until it is interrupted."""

import argparse
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from app.instruments.catalogue import CATALOGUE
from tests.schwab.frames import now_ms
from tests.schwab.listings import Walk
from tests.schwab.standin import StandIn

TURN_S = 0.005


def main() -> None:
    """Serve, and print the settings that lead Thor here."""
    asked = arguments()
    stopping = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: stopping.set())
    walk = Walk(asked.symbols, datetime.now(UTC).date(), now_ms(), asked.seed)
    with StandIn(heartbeat_s=asked.heartbeat_s) as schwab:
        schwab.updates(walk.start())
        if asked.token_file:
            keep(schwab.token(asked.token_age_h * 3600), asked.token_file)
        print("\n".join(f"export {name}={value}" for name, value in settings(schwab, asked.token_file)), flush=True)
        at_rate(asked.rate, lambda: schwab.updates(walk.step(now_ms())), stopping)


def arguments() -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.schwab", description=__doc__)
    parser.add_argument("--rate", type=float, default=10.0, help="changes a second, of all symbols together")
    parser.add_argument("--symbols", type=symbols, default=["ES", "NQ"], help="canonical, separated by commas")
    parser.add_argument("--token-file", type=Path, help="write the token of a login here")
    parser.add_argument("--token-age-h", type=float, default=0.0, help="hours since that login")
    parser.add_argument("--heartbeat-s", type=float, default=10.0, help="seconds between heartbeats")
    parser.add_argument("--seed", type=int, default=0, help="of the random walk")
    return parser.parse_args()


def symbols(text: str) -> list[str]:
    """Symbols of the catalogue."""
    named = [name.strip().upper() for name in text.split(",") if name.strip()]
    if unknown := sorted(set(named) - set(CATALOGUE)):
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: known are {', '.join(CATALOGUE)}")
    return named


def settings(schwab: StandIn, token_file: Path | None) -> list[tuple[str, object]]:
    """What Thor is to be told."""
    told: list[tuple[str, object]] = [
        ("SCHWAB_API_URL", schwab.api_url),
        ("SCHWAB_CLIENT_ID", schwab.client_id),
        ("SCHWAB_CLIENT_SECRET", schwab.client_secret),
        ("SCHWAB_REDIRECT_URI", schwab.redirect_uri),
    ]
    return told + ([("SCHWAB_TOKEN_FILE", token_file.resolve())] if token_file else [])


def keep(token: dict[str, object], path: Path) -> None:
    """Write a token for its owner alone."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(token, file)


def at_rate(rate: float, act: Callable[[], object], stopping: threading.Event) -> None:
    """Act this many times a second until told to stop."""
    began, done = time.monotonic(), 0
    while not stopping.wait(TURN_S):
        due = int((time.monotonic() - began) * rate)
        for _ in range(due - done):
            act()
        done = due


if __name__ == "__main__":
    main()
