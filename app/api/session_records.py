"""GET /api/sessions/{day}: the record of a trading day's sessions."""

from apiflask import APIBlueprint

from app.api.filters import read_day
from app.api.session_record_shapes import SessionRecordQuery, SessionRecordsAnswer
from app.operations.session_records import session_records
from app.runtime import runtime

records = APIBlueprint("session_records", __name__, url_prefix="/api/sessions", tag="Sessions")


@records.get("/<day>")
@records.input(SessionRecordQuery, location="query", arg_name="query")
@records.output(SessionRecordsAnswer)
@records.doc(
    operation_id="getSessionRecords",
    responses={400: "The day or a parameter is wrong", 404: "There is nothing at the address"},
)
def show_session_records(day: str, query: SessionRecordQuery) -> dict[str, object]:
    """The record of a trading day

    For each watched market: its open and close and what became of them, the snapshot of the session, and its
    certificate.
    """
    on = read_day(day)
    return {"session_date": on.isoformat(), "markets": session_records(runtime(), on, query.market)}
