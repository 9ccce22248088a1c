from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.collectors.excel.checking import check_form, check_sheet
from app.collectors.excel.live_reader import LiveReader
from app.collectors.excel.plan import ExcelPlan
from app.collectors.excel.readers import ExcelBusy
from app.errors import Rejected
from app.market.markets import market
from tests.excel import Xlwings, rejected
from tests.sheets import CLOSED, ES, HEADERS, row, sheet

AT = datetime(2025, 10, 9, 15, 30, tzinfo=UTC)
PLAN = ExcelPlan("excel_live", Path("/desk/Futures.xlsm"))


def test_a_check_tells_what_each_row_would_publish(check):
    form = check_form(check(sheet(row(symbol="/ESZ25", bid="loading"), CLOSED, headers=[*HEADERS[:12], "Change %"])))

    [es, cl] = form["rows"]
    assert (es["row"], es["name"], es["symbol"], es["contract"]) == (2, "/ESZ25", "ES", "ESZ25")
    assert es["publishes"] == {
        "symbol": "ES",
        "contract": "ESZ25",
        "source": "EXCEL",
        "ts": "2025-10-09T15:30:00.000000Z",
        "recv_ts": "2025-10-09T15:30:00.000000Z",
        "session_date": "2025-10-09",
        "ts_origin": "local",
        "last": "6879.50",
        "ask": "6879.50",
        "open": "6868.50",
        "high": "6895.75",
        "low": "6840.00",
        "close": "6870.25",
        "last_size": 2,
        "bid_size": 11,
        "ask_size": 4,
        "volume": 812345,
        "trade": False,
        "delayed": False,
    }
    assert es["unread"] == [
        {"cell": "C2", "field": "bid", "held": "loading", "reason": "waiting", "why": "the source has no value yet"}
    ]
    assert (cl["symbol"], cl["publishes"], len(cl["unread"])) == ("CL", None, 11)


def test_a_check_tells_which_column_is_what_and_what_was_left_out(check):
    form = check_form(check(sheet(ES, ES, headers=[*HEADERS[:12], "Change %"])))

    assert form["columns"]["volume"] == {"column": "H", "header": "Volume"}
    assert "change" not in form["columns"]
    assert form["ignored_columns"] == ["M 'Change %': no known header"]
    assert form["ignored_rows"] == ["row 3: ES is in row 2 already"]


def test_headers_that_are_wrong_are_refused(check):
    with pytest.raises(Rejected, match="no header is Symbol"):
        check(sheet(ES, headers=(*HEADERS[1:], "Note")))


def test_a_busy_excel_is_told_as_such(excels):
    excels.start(sheet(ES), str(PLAN.file)).trouble = rejected

    with pytest.raises(ExcelBusy):
        check_sheet(PLAN, LiveReader(PLAN, excels), market(), AT)


@pytest.fixture
def excels():
    return Xlwings()


@pytest.fixture
def check(excels):
    def run(cells):
        excels.start(cells, str(PLAN.file))
        return check_sheet(PLAN, LiveReader(PLAN, excels), market(), AT)

    return run
