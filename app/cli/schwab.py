"""Commands about the login at Schwab."""

import asyncio
import contextlib
import json
import sys
import webbrowser
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import click
from redis.exceptions import RedisError
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from app.cli.console import EXIT_FAILED, Seconds, command, console
from app.collectors.schwab.callback import CallbackListener
from app.collectors.schwab.expiry import LoginTerm, record_login
from app.collectors.schwab.login import CODE_LASTS_S, Attempt, begin, complete
from app.collectors.schwab.plan import SchwabPlan
from app.collectors.schwab.session import SchwabSession
from app.errors import Rejected, ThorError
from app.instruments.store import watchlist
from app.operations.schwab_check import SymbolAnswer, ask_for_quotes
from app.runtime import Runtime, runtime

PROMPT = "Address at which the browser ended (not shown): "
ANSWER_S = 1.0


@command("schwab-login")
@click.option("--paste", is_flag=True, help="Ask for the address at which the browser ended, instead of awaiting it.")
@click.option("--no-browser", is_flag=True, help="Print the address of the login page, and open no browser.")
@click.option("--timeout", default=300.0, show_default=True, type=Seconds(1, 3600), help="Seconds to wait.")
def log_in(paste: bool, no_browser: bool, timeout: float) -> None:
    """Log in at Schwab: once a week, because its logins last no longer.

    Opens the login page in a browser and waits for it to come back to SCHWAB_REDIRECT_URI. It comes back to this
    machine, whose certificate no authority vouches for: the browser warns, and you go on. With --paste a browser
    anywhere does: where it ends it shows an error, and its address is what is asked for, within 30 seconds.

    \b
    flask schwab-login
    flask schwab-login --paste
    """
    rt = runtime()
    plan = _plan(rt)
    attempt = begin(plan)
    code = _pasted(attempt) if paste else _awaited(attempt, rt.clock.now(), timeout, not no_browser)
    login = complete(plan, code, rt.clock)
    term = LoginTerm(login.expires_at)
    _record(rt, term)
    console.print(f"Logged in: {term.told(rt.clock.now())}")
    console.print(f"It is kept in {plan.token_file}; a collector that waits for it goes on by itself")


@command("schwab-check")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(as_json: bool) -> None:
    """Show how long the login at Schwab is good, and for which symbols Schwab has quotes.

    Asks once, for SCHWAB_SYMBOLS or else the watchlist. Exit code 3 when a person must log in, 1 when Schwab does not
    answer or knows none of the symbols.

    \b
    flask schwab-check
    flask schwab-check --json
    """
    rt = runtime()
    plan = _plan(rt)
    session = SchwabSession(plan, rt.clock)
    try:
        answers = asyncio.run(_asked(session, plan.symbols or _watched(rt), rt.clock.now().date()))
    finally:
        if session.term:
            _record(rt, session.term)
    term = session.term or LoginTerm(rt.clock.now())
    if as_json:
        click.echo(json.dumps(_shown(rt, plan, term, answers), indent=2))
    else:
        _print(rt, plan, term, answers)
    if not any(answer.answers for answer in answers):
        sys.exit(EXIT_FAILED)


def _plan(rt: Runtime) -> SchwabPlan:
    if rt.settings.schwab is None:
        raise Rejected(
            "Schwab is not set up: put the key and the secret of your app (see developer.schwab.com) into"
            " SCHWAB_CLIENT_ID and SCHWAB_CLIENT_SECRET"
        )
    return rt.settings.schwab


def _awaited(attempt: Attempt, now: datetime, timeout_s: float, with_browser: bool) -> str:
    with CallbackListener(attempt.callback, attempt.code_of, now) as listener:
        if not with_browser or not webbrowser.open(attempt.url):
            click.echo(f"Open this page in a browser on this machine:\n{attempt.url}")
        console.print(
            f"Waiting for the browser at {attempt.callback}; its warning of the certificate is to be expected"
        )
        return listener.wait(timeout_s)


def _pasted(attempt: Attempt) -> str:
    click.echo(f"Open this page in a browser:\n{attempt.url}")
    console.print(f"It ends at an address like {attempt.callback}?code=..., good for {CODE_LASTS_S} s from then on")
    return attempt.code_of(_line())


def _line() -> str:
    if sys.stdin.isatty():
        return str(click.prompt(PROMPT, hide_input=True, prompt_suffix=""))
    return sys.stdin.readline()


async def _asked(session: SchwabSession, symbols: Sequence[str], today: date) -> list[SymbolAnswer]:
    try:
        return await ask_for_quotes(session, symbols, today)
    finally:
        await session.aclose()


def _watched(rt: Runtime) -> Sequence[str]:
    # The command is for the login: it does not need the database, only the wishes in it.
    try:
        with rt.sessions() as session:
            return watchlist(session)
    except (SQLAlchemyError, ThorError):
        return ()


def _record(rt: Runtime, term: LoginTerm) -> None:
    # Where no server runs there is nobody to tell.
    with contextlib.suppress(RedisError, ThorError), rt.connect_redis(socket_timeout_s=ANSWER_S) as client:
        record_login(client, term, rt.clock.now())


def _shown(rt: Runtime, plan: SchwabPlan, term: LoginTerm, answers: list[SymbolAnswer]) -> dict[str, Any]:
    return {
        "login": {
            "expires_at": term.expires_at.isoformat(),
            "expiry_known": term.is_known,
            "detail": term.told(rt.clock.now()),
            "token_file": str(plan.token_file),
        },
        "symbols": [
            {
                "symbol": answer.symbol,
                "schwab_symbol": answer.schwab_symbol,
                "answers": answer.answers,
                "problem": answer.problem or None,
                "contract": answer.contract,
                "delayed": answer.is_delayed,
                **{name: None if price is None else str(price) for name, price in _prices(answer).items()},
            }
            for answer in answers
        ],
    }


def _print(rt: Runtime, plan: SchwabPlan, term: LoginTerm, answers: list[SymbolAnswer]) -> None:
    console.print(f"{term.told(rt.clock.now())} ({plan.token_file})")
    table = Table("symbol", "at Schwab", "contract", "last", "bid", "ask", "", box=None, pad_edge=False)
    for answer in answers:
        prices = ("-" if price is None else f"{price:f}" for price in _prices(answer).values())
        note = answer.problem or ("delayed" if answer.is_delayed else "")
        table.add_row(answer.symbol, answer.schwab_symbol, answer.contract or "-", *prices, note)
    console.print(table)
    console.print(f"{sum(answer.answers for answer in answers)} of {len(answers)} symbols have quotes")


def _prices(answer: SymbolAnswer) -> dict[str, Any]:
    return {"last": answer.last, "bid": answer.bid, "ask": answer.ask}


COMMANDS = (log_in, check)
