from collections.abc import Iterator

import pytest

from tests.counting import counting_afresh


@pytest.fixture(autouse=True)
def afresh() -> Iterator[None]:
    with counting_afresh():
        yield
