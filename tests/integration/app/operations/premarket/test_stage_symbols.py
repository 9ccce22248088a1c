from app.operations.premarket.policy import PremarketPolicy
from app.operations.premarket.stage_symbols import ladder_symbols
from app.premarket.definition import Ladder
from app.runtime import Runtime

DESK, METALS = "CME_Futures", "CME_Energy_Metals"
WATCHED = ["CL", "ES", "6E", "NQ", "GC"]


def test_a_symbol_is_on_the_ladder_of_its_market_or_else_on_that_of_the_desk(rt: Runtime) -> None:
    policy = PremarketPolicy((Ladder(DESK), Ladder(METALS)))

    assert ladder_symbols(rt, policy, DESK, WATCHED) == (["ES", "6E", "NQ"], [])
    assert ladder_symbols(rt, policy, METALS, WATCHED) == (["CL", "GC"], [])


def test_the_only_ladder_has_every_symbol_in_the_order_of_the_watchlist(rt: Runtime) -> None:
    assert ladder_symbols(rt, PremarketPolicy((Ladder(DESK),)), DESK, WATCHED) == (WATCHED, [])


def test_where_only_some_are_asked_for_the_others_are_no_part_of_it(rt: Runtime) -> None:
    policy = PremarketPolicy((Ladder(DESK),), only=["NQ", "ES", "YM"])

    assert ladder_symbols(rt, policy, DESK, WATCHED) == (["ES", "NQ"], [])


def test_a_ladder_that_was_planned_and_is_none_any_more_keeps_its_own_symbols(rt: Runtime) -> None:
    assert ladder_symbols(rt, PremarketPolicy((Ladder(DESK),)), METALS, WATCHED) == (["CL", "GC"], [])


def test_a_ladder_has_room_for_as_many_symbols_as_an_analysis(rt: Runtime) -> None:
    many = [f"S{number}" for number in range(34)]

    assert ladder_symbols(rt, PremarketPolicy((Ladder(DESK),)), DESK, many) == (many[:32], ["S32", "S33"])
