import pytest

from app.bucket.outcomes import explained
from app.bucket.plan import BucketPlan
from app.errors import Conflict, Unavailable

PLAN = BucketPlan("s3://desk/thor")
UNPARSED = "during ListObjectsV2 operation: Unable to parse ExceptionName: "


@pytest.mark.parametrize(
    ("answer", "kind", "told"),
    [
        ("UNKNOWN (HTTP status 301) during HeadObject operation: No response body.", Conflict, "LAKE_BUCKET_REGION"),
        (
            f"UNKNOWN (HTTP status 400) {UNPARSED}AuthorizationHeaderMalformed Message: no",
            Conflict,
            "in another region",
        ),
        (f"UNKNOWN (HTTP status 400) {UNPARSED}ExpiredToken Message: no", Conflict, r"denies access \(expired_token\)"),
        (f"UNKNOWN (HTTP status 403) {UNPARSED}RequestTimeTooSkewed Message: no", Conflict, "clock"),
        (f"UNKNOWN (HTTP status 507) {UNPARSED}QuotaExceeded Message: no", Unavailable, r"failed \(quota_exceeded\)"),
    ],
)
def test_what_only_the_store_has_a_name_for_is_told(answer, kind, told):
    with pytest.raises(kind, match=told), explained(PLAN):
        raise OSError(f"When listing objects under key 'thor/manifest/' in bucket 'desk': AWS Error {answer}")
