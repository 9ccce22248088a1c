import pytest

from app.api.examples import describe_examples, example_of
from app.api.shared_shapes import PLACE

SHAPES = {"Side": {"enum": ["BUY", "SELL"]}}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string", "examples": ["ESZ25"]}, "ESZ25"),
        ({"$ref": f"{PLACE}Side"}, "BUY"),
        ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, 1),
        ({"type": "integer", "minimum": 5}, 5),
        ({"const": "live"}, "live"),
        ({"type": "array", "items": {"type": "boolean"}}, [True]),
        ({"type": "object", "properties": {"symbol": {"type": "string"}}}, {"symbol": "ES"}),
    ],
)
def test_an_example_is_made_of_those_of_the_fields(schema, value):
    assert example_of(schema, SHAPES) == value


def test_a_text_of_which_no_example_is_known_is_an_error():
    with pytest.raises(KeyError, match="novelty"):
        example_of({"type": "object", "properties": {"novelty": {"type": "string"}}}, SHAPES)


def test_an_example_that_is_there_stays():
    media = {"schema": {"type": "integer"}, "example": 7}
    spec = {"paths": {"/": {"get": {"responses": {"200": {"content": {"application/json": media}}}}}}}

    describe_examples({**spec, "components": {"schemas": {}}})

    assert media["example"] == 7
