"""Settings of the desk that stand in for what an analysis is not told. Nothing here commits."""

from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.analysis.question import Parameters
from app.errors import Conflict, NotFound, Rejected
from app.jobs.models import UserSetting

PREFIX: Final = "analysis."
NAMES: Final = tuple(f"{PREFIX}{name}" for name in Parameters.model_fields)


def list_preferences(session: Session) -> dict[str, Any]:
    """What the desk has chosen, by setting, such as `analysis.equity`; what is missing has the parameter's default."""
    rows = session.scalars(select(UserSetting).where(UserSetting.name.in_(NAMES)).order_by(UserSetting.name))
    return {row.name: row.value for row in rows}


def set_preference(session: Session, name: str, value: Any, now: datetime) -> Any:
    """Keep a choice from now on, and return it as it is kept.

    NotFound when there is no such setting, Rejected when the parameter cannot have the value.
    """
    kept = _checked(_parameter(name), value)
    row = {"value": kept, "updated_at": now}
    statement = insert(UserSetting).values(name=name, **row)
    session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=row))
    return kept


def drop_preference(session: Session, name: str) -> None:
    """Go back to the parameter's default; NotFound when there is no such setting."""
    _parameter(name)
    session.execute(delete(UserSetting).where(UserSetting.name == name))


def filled_in(session: Session, asked: Parameters) -> Parameters:
    """What was asked for, with the desk's choices for what was left out.

    Conflict when a choice is kept that a parameter cannot have.
    """
    chosen = {name.removeprefix(PREFIX): value for name, value in list_preferences(session).items()}
    told = asked.model_dump(mode="json", include=asked.model_fields_set)
    for name in chosen.keys() - told.keys():
        try:
            _checked(name, chosen[name])
        except Rejected as error:
            raise Conflict(f"the setting {PREFIX}{name} cannot be used, change it first: {error}") from None
    return Parameters.model_validate({**chosen, **told})


def _parameter(name: str) -> str:
    if name not in NAMES:
        raise NotFound(f"there is no setting {name[:40]!r}: known are {', '.join(NAMES)}")
    return name.removeprefix(PREFIX)


def _checked(parameter: str, value: Any) -> Any:
    try:
        found = Parameters.model_validate({parameter: value})
    except ValidationError as error:
        raise Rejected(f"{parameter}: {error.errors()[0]['msg']}") from None
    return found.model_dump(mode="json")[parameter]
