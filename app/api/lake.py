"""/api/lake: what the lake holds, and writing what it lacks."""

from http import HTTPStatus

from apiflask import APIBlueprint

from app.api.json_writes import require_json_write
from app.api.lake_shapes import LAKE_EXAMPLE, BackfillAnswer, BackfillBody, LakeAnswer, LakeQuery, cursor_of
from app.api.pages import PageAnswer, answer_page
from app.operations.backfilling import request_backfill
from app.operations.lake_catalog import read_catalog
from app.operations.lake_forms import partition_form, totals_form
from app.runtime import runtime

lake = APIBlueprint("lake", __name__, url_prefix="/api/lake", tag="Lake")


@lake.before_request
def guard_writes() -> None:
    """What is sent has to be JSON."""
    require_json_write()


@lake.get("")
@lake.input(LakeQuery, location="query", arg_name="query")
@lake.output(LakeAnswer, example=LAKE_EXAMPLE)
@lake.doc(operation_id="getLake", responses={400: "A parameter is wrong"})
def list_lake(query: LakeQuery) -> PageAnswer:
    """Partitions of the lake

    Newest day first; also days and symbols whose ticks are stored and not yet exported.
    """
    page = read_catalog(runtime(), query.wanted(), query.limit, query.cursor)
    cursor = cursor_of(page.after) if page.after else None
    shown = [partition_form(one) for one in page.partitions]
    return answer_page("partitions", shown, cursor, totals=totals_form(page.totals))


@lake.post("/backfill")
@lake.input(BackfillBody, arg_name="body")
@lake.output(BackfillAnswer, status_code=HTTPStatus.ACCEPTED)
@lake.doc(
    operation_id="backfillLake",
    responses={
        400: "The body is wrong",
        415: "The body is not JSON",
        503: "The task queue is away",
    },
)
def backfill_lake(body: BackfillBody) -> tuple[dict[str, object], int]:
    """Have the workers write what is missing, stale or damaged

    Answers at once with the present state of every day.
    """
    days = request_backfill(runtime(), body.start, body.end)
    told = [{"date": day.day.isoformat(), "state": day.state, "queued": day.queued} for day in days]
    return {"queued": sum(day.queued for day in days), "days": told}, HTTPStatus.ACCEPTED
