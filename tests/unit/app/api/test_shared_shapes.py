import pytest

from app.api.shared_shapes import PLACE, share_shapes

JOB = {"type": "object", "properties": {"id": {"type": "integer"}}}


def spec(**schemas):
    return {"paths": {}, "components": {"schemas": {name.replace("__", "."): told for name, told in schemas.items()}}}


def refers(name):
    return {"$ref": PLACE + name}


def test_equal_shapes_become_one_and_whoever_refers_to_them_to_that():
    told = spec(Jobs__Job=JOB, Job=JOB, Jobs={"items": refers("Jobs.Job")})

    share_shapes(told)

    assert told["components"]["schemas"] == {"Job": JOB, "Jobs": {"items": refers("Job")}}


def test_shapes_that_hold_equal_shapes_are_equal_too():
    told = spec(
        A__Outer={"items": refers("A.Inner")}, A__Inner=JOB, B__Outer={"items": refers("B.Inner")}, B__Inner=JOB
    )

    share_shapes(told)

    assert told["components"]["schemas"] == {"Outer": {"items": refers("Inner")}, "Inner": JOB}


@pytest.mark.parametrize("other", [{"type": "string"}, {"items": refers("A.Inner")}])
def test_shapes_that_differ_keep_their_names(other):
    told = spec(A__Job=JOB, B__Job=other, A__Inner=JOB, B__Inner={"type": "string"})
    before = set(told["components"]["schemas"])

    share_shapes(told)

    assert set(told["components"]["schemas"]) == before


def test_a_shape_of_one_answer_alone_keeps_its_name():
    told = spec(Jobs__Job=JOB)

    share_shapes(told)

    assert set(told["components"]["schemas"]) == {"Jobs.Job"}
