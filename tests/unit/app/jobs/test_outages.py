import psycopg2
import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError, TimeoutError

from app.jobs.outages import is_outage

CUT = Exception("the server closed the connection")


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("SELECT", {}, CUT),
        InterfaceError("SELECT", {}, CUT),
        TimeoutError("all places of the pool are taken"),
        psycopg2.OperationalError("the server closed the connection"),
        DBAPIError("SELECT", {}, CUT, connection_invalidated=True),
    ],
)
def test_an_outage_is_told_by_its_error(error):
    assert is_outage(error)


@pytest.mark.parametrize("error", [DBAPIError("SELECT", {}, CUT), IntegrityError("INSERT", {}, CUT), OSError("disk")])
def test_an_error_of_the_work_is_no_outage(error):
    assert not is_outage(error)
