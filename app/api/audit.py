"""GET /api/audit: what was done, by whom and from where."""

from apiflask import APIBlueprint

from app.access.audit import read_audit
from app.access.models import AuditEntry
from app.api.access_shapes import AuditAnswer, AuditQuery
from app.api.pages import PageAnswer, answer_page, by_id, cut_page
from app.clock import instant_text
from app.runtime import runtime

audit = APIBlueprint("audit", __name__, url_prefix="/api", tag="Access")


@audit.get("/audit")
@audit.input(AuditQuery, location="query", arg_name="query")
@audit.output(AuditAnswer)
@audit.doc(operation_id="getAudit", responses={400: "A parameter is wrong"})
def list_audit(query: AuditQuery) -> PageAnswer:
    """What was done, newest first

    Logins and failed ones, every change by HTTP and what was refused, users and keys, exports and purges by hand.
    """
    with runtime().sessions() as session:
        found = read_audit(session, actor=query.actor, action=query.action, before=query.cursor, limit=query.limit + 1)
    shown, cursor = cut_page(found, query.limit, by_id)
    return answer_page("entries", [_form(entry) for entry in shown], cursor)


def _form(entry: AuditEntry) -> dict[str, object]:
    return {
        "id": entry.id,
        "at": instant_text(entry.at),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "outcome": entry.outcome,
        "address": entry.address,
        "request_id": entry.request_id,
        "facts": entry.facts,
    }
