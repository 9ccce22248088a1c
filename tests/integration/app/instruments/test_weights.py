from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import NotFound, Rejected
from app.instruments.models import ContractWeight, SignalWeight
from app.instruments.weights import contract_weights, set_contract_weight, set_signal_weight, signal_weights

SPRING, SUMMER, AUTUMN = date(2025, 3, 1), date(2025, 6, 1), date(2025, 9, 1)
HALF, ONE, TWO = Decimal("0.5"), Decimal(1), Decimal(2)
BOUNDS = (Decimal(0), TWO)
MILLIONTH = Decimal("0.000001")


def test_nothing_is_seeded(db_session: Session) -> None:
    assert contract_weights(db_session, "indices", AUTUMN) == {}
    assert signal_weights(db_session, AUTUMN) == {}


def test_a_weight_holds_from_its_date_until_the_next(db_session: Session) -> None:
    set_contract_weight(db_session, "indices", "ES", HALF, SPRING)
    set_contract_weight(db_session, "indices", "ES", -ONE, AUTUMN)
    set_contract_weight(db_session, "indices", "NQ", MILLIONTH, SUMMER)
    set_contract_weight(db_session, "metals", "GC", ONE, SPRING)

    found = {day: contract_weights(db_session, "indices", day) for day in (date(2025, 2, 28), SPRING, SUMMER, AUTUMN)}

    assert list(found.values()) == [{}, {"ES": HALF}, {"ES": HALF, "NQ": MILLIONTH}, {"ES": -ONE, "NQ": MILLIONTH}]


def test_a_weight_of_nothing_takes_the_symbol_out(db_session: Session) -> None:
    set_contract_weight(db_session, "indices", "ES", ONE, SPRING)
    set_contract_weight(db_session, "indices", "ES", Decimal(0), SUMMER)

    assert contract_weights(db_session, "indices", date(2025, 5, 31)) == {"ES": ONE}
    assert contract_weights(db_session, "indices", SUMMER) == {}


def test_what_is_said_again_of_a_date_replaces_what_was_said(db_session: Session) -> None:
    for weight in (ONE, HALF):
        set_contract_weight(db_session, "indices", "ES", weight, SPRING)
        set_signal_weight(db_session, "momentum", weight, BOUNDS, SPRING)

    assert contract_weights(db_session, "indices", SPRING) == {"ES": HALF}
    assert signal_weights(db_session, SPRING)["momentum"].weight == HALF


def test_a_signal_has_its_newest_weight_and_bounds(db_session: Session) -> None:
    set_signal_weight(db_session, "momentum", ONE, BOUNDS, SPRING)
    set_signal_weight(db_session, "momentum", Decimal(0), (Decimal(0), HALF), AUTUMN)
    set_signal_weight(db_session, "reversal", TWO, (ONE, TWO), SUMMER)

    found = {
        name: (row.weight, row.min_weight, row.max_weight) for name, row in signal_weights(db_session, AUTUMN).items()
    }

    assert found == {"momentum": (0, 0, HALF), "reversal": (TWO, ONE, TWO)}
    assert signal_weights(db_session, SPRING).keys() == {"momentum"}


@pytest.mark.parametrize(
    "weight", [Decimal("NaN"), Decimal("Infinity"), Decimal("1000.000001"), Decimal(-1001), Decimal("0.0000001")]
)
def test_what_is_no_weight_is_refused(db_session: Session, weight: Decimal) -> None:
    with pytest.raises(Rejected, match=r"is no weight: it is a number from -1000 to 1000 with at most 6 decimals"):
        set_contract_weight(db_session, "indices", "ES", weight, SPRING)


@pytest.mark.parametrize("name", ["", "Indices", "a b", "-a", "x" * 33, "é"])
def test_a_malformed_name_is_refused(db_session: Session, name: str) -> None:
    with pytest.raises(Rejected, match="is no name: write 1 to 32 of a-z"):
        set_contract_weight(db_session, name, "ES", ONE, SPRING)
    with pytest.raises(Rejected, match="is no name"):
        set_signal_weight(db_session, name, ONE, BOUNDS, SPRING)


def test_only_an_instrument_has_a_weight(db_session: Session) -> None:
    with pytest.raises(NotFound, match="there is no instrument 'AAPL'"):
        set_contract_weight(db_session, "indices", "AAPL", ONE, SPRING)


@pytest.mark.parametrize("parts", [(3, 0, 2), (HALF, 1, 2), (1, -1, 2), (1, 2, 1), (1, 0, 1001)])
def test_a_signals_weight_lies_within_its_bounds(db_session: Session, parts: tuple[int, int, int]) -> None:
    weight, *bounds = map(Decimal, parts)

    with pytest.raises(Rejected):
        set_signal_weight(db_session, "momentum", weight, (bounds[0], bounds[1]), SPRING)


@pytest.mark.parametrize(
    ("weight", "constraint"), [("NaN", "finite"), (1001, "finite"), (-1001, "finite")], ids=["NaN", "high", "low"]
)
def test_the_database_refuses_a_composites_weight_that_is_none(
    db_session: Session, weight: object, constraint: str
) -> None:
    values = {"composite": "indices", "symbol": "ES", "valid_from": SPRING, "weight": Decimal(str(weight))}

    with pytest.raises(IntegrityError, match=f"ck_contract_weights_{constraint}"):
        db_session.execute(insert(ContractWeight).values(values))


@pytest.mark.parametrize(
    ("weight", "least", "most"), [("NaN", 0, 2), (1, "NaN", 2), (1, 0, "NaN"), (3, 0, 2), (1, -1, 2), (-1, 0, 2)]
)
def test_the_database_refuses_a_signals_weight_that_is_none(
    db_session: Session, weight: object, least: object, most: object
) -> None:
    told = {"weight": weight, "min_weight": least, "max_weight": most}
    values = {name: Decimal(str(value)) for name, value in told.items()}

    with pytest.raises(IntegrityError, match="ck_signal_weights_"):
        db_session.execute(insert(SignalWeight).values({"signal": "momentum", "valid_from": SPRING, **values}))
