import pytest
from pydantic import ValidationError

from app.api.session_shapes import SessionQuery, SessionsQuery


@pytest.mark.parametrize("model", [SessionQuery, SessionsQuery])
def test_a_parameter_that_is_not_known_is_refused(model):
    with pytest.raises(ValidationError, match="symbol\n"):
        model.model_validate({"symbol": "ES"})
