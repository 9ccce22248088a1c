from dataclasses import dataclass

import pytest

from app.local.order import check_order, next_to_stop

AFTER = {"postgres": (), "valkey": (), "migrations": ("postgres",), "web": ("migrations",), "beat": ("migrations",)}


@dataclass(frozen=True)
class Item:
    name: str
    after: tuple[str, ...] = ()


def test_what_nothing_else_needs_stops_first() -> None:
    assert next_to_stop(["postgres", "web", "beat"], AFTER) == ["web", "beat"]


def test_servers_stop_once_nobody_is_left_who_needs_them() -> None:
    assert next_to_stop(["postgres", "valkey"], AFTER) == ["postgres", "valkey"]


def test_a_need_counts_through_a_step_between() -> None:
    assert next_to_stop(["postgres", "web"], AFTER) == ["web"]


def test_an_item_that_comes_after_an_unknown_one_is_refused() -> None:
    with pytest.raises(ValueError, match="web comes after postgres"):
        check_order([Item("web", ("postgres",)), Item("postgres")])


def test_two_items_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two items have the name web"):
        check_order([Item("web"), Item("web")])
