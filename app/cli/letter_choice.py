"""Which dead letters a command is about, and what is to be corrected in one, as the command line says it."""

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click

from app.clock import parse_day
from app.errors import Rejected
from app.ledger.dead_letters import LetterFilter, parse_kind
from app.operations.dead_letter_desk import DeadLetterDesk
from app.quotes import known_source, parse_symbol


def filtered(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with the options that choose letters, given to it as `wanted`; its own options stay."""

    @click.option("--kind", help="What the reason is about: a field's name, missing, conflict or other.")
    @click.option("--source", help="Entries of this source.")
    @click.option("--symbol", help="Entries of this symbol.")
    @click.option("--date", "day", help="Entries of this trading day, YYYY-MM-DD.")
    @functools.wraps(function)
    def choose(*, kind: str | None, source: str | None, symbol: str | None, day: str | None, **options: Any) -> Any:
        wanted = LetterFilter(
            kind=parse_kind(kind) if kind is not None else None,
            source=known_source(source) if source is not None else None,
            symbol=parse_symbol(symbol) if symbol is not None else None,
            day=parse_day(day) if day is not None else None,
        )
        return function(wanted=wanted, **options)

    return choose


def chosen_ids(desk: DeadLetterDesk, ids: Sequence[int], wanted: LetterFilter, everything: bool) -> list[int]:
    """The letters of these ids, or the open ones that the filter means; Rejected unless exactly one way is given.

    NotFound when one of the ids is none.
    """
    is_filtered = wanted != LetterFilter()
    if bool(ids) + is_filtered + everything != 1:
        raise Rejected("say which: ids, or a filter such as --kind=last, or --all")
    if not ids:
        return desk.open_ids(wanted)
    desk.require(ids)
    return list(dict.fromkeys(ids))


def parse_changes(given: Iterable[str], taken: Iterable[str]) -> dict[str, str | None]:
    """FIELD=VALUE pairs and names of fields to take away as one correction; Rejected when a field is named twice."""
    changes: dict[str, str | None] = dict.fromkeys(taken)
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals or name in changes:
            raise Rejected(f"--set {pair[:60]!r}: write FIELD=VALUE, and each field once")
        changes[name] = value
    return changes
