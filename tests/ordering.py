"""The order in which the files of a run are begun, so that no worker is still at a long one when the others are done.

Files whose tests are given more time than usual mostly wait, for processes that start and for clocks. They are begun
early, the one with the most time first, and one at a time between the others, which keep the processors busy.
"""

import pytest

# The share of the other files within which all patient ones are begun.
EARLY = 0.6


def in_turn(items: list[pytest.Item]) -> list[pytest.Item]:
    """The same tests, file by file; the others begin with the files of the most tests."""
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.nodeid.partition("::")[0], []).append(item)
    patient = sorted(filter(_patience_s, files.values()), key=_patience_s, reverse=True)
    others = sorted((tests for tests in files.values() if not _patience_s(tests)), key=len, reverse=True)
    every = max(1, int(len(others) * EARLY / max(1, len(patient))))
    turns = [list[list[pytest.Item]]() for _ in others] or [[]]
    for place, tests in enumerate(patient):
        turns[min(place * every, len(turns) - 1)].append(tests)
    ordered = [tests for turn, other in zip(turns, others or [[]], strict=True) for tests in (*turn, other)]
    return [item for tests in ordered for item in tests]


def _patience_s(tests: list[pytest.Item]) -> float:
    marks = (item.get_closest_marker("timeout") for item in tests)
    return sum(mark.args[0] for mark in marks if mark)
