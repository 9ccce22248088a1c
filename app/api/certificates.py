"""GET /api/certificates: which past sessions are certified."""

from apiflask import APIBlueprint

from app.api.certificate_shapes import CERTIFICATES_EXAMPLE, CertificatesAnswer, CertificatesQuery
from app.api.query import blaming
from app.operations.certificate_days import certificate_days, days_asked
from app.runtime import runtime

certificates = APIBlueprint("certificates", __name__, url_prefix="/api/certificates", tag="Sessions")


@certificates.get("")
@certificates.input(CertificatesQuery, location="query", arg_name="query")
@certificates.output(CertificatesAnswer, example=CERTIFICATES_EXAMPLE)
@certificates.doc(operation_id="getCertificates", responses={400: "A parameter is wrong"})
def list_certificates(query: CertificatesQuery) -> dict[str, object]:
    """The past sessions and their certificates

    Of one market, or of all that are watched or recorded: newest first, at most 400 days. `verdict` is null where there
    is no certificate; a session is listed once it is over.
    """
    rt = runtime()
    with blaming("start" if query.end is None else "end"):
        first, last = days_asked(rt, query.start, query.end)
    found = certificate_days(rt, first, last, query.market)
    return {"start": first.isoformat(), "end": last.isoformat(), "certificates": found}
