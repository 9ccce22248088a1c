import pytest

from app.bucket.plan import BucketPlan, parse_place
from app.errors import Rejected


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("s3://desk/thor", "s3://desk/thor"),
        ("s3://desk/thor/", "s3://desk/thor"),
        ("s3://desk-1.example/a/b_c", "s3://desk-1.example/a/b_c"),
        ("s3://desk", "s3://desk"),
    ],
)
def test_a_bucket_and_a_folder_are_a_place(text, place):
    assert parse_place(text) == place


@pytest.mark.parametrize(
    "text",
    [
        "desk/thor", "https://desk/thor", "s3://", "s3://Desk/thor", "s3://d", "s3://desk/../other", "s3://desk//x",
        "s3://key:secret@desk/thor", "s3://desk/a b", "s3://desk/x?endpoint=y", "s3://desk/*", "s3://desk/.staging",
    ],
)  # fmt: skip
def test_anything_else_is_rejected_and_not_repeated(text):
    with pytest.raises(Rejected, match="must look like s3://desk/thor") as refusal:
        parse_place(text)

    assert "secret" not in str(refusal.value)


def test_a_plan_shows_no_key():
    plan = BucketPlan("s3://desk/thor", key="DESKKEY", secret="desk-secret")

    assert (plan.bucket, plan.root) == ("desk", "desk/thor")
    assert not any(word in repr(plan) for word in ("DESKKEY", "desk-secret"))
