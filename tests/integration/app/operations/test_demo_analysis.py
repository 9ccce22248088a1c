from dataclasses import replace

import httpx
import pytest

from app.analysis.findings import Basis
from app.jobs.running import run_job
from app.operations import demo_analysis
from app.operations.demo_analysis import ask_and_read
from app.runtime import Runtime
from tests.analyses import SteppedAnalysis
from tests.fakes import RecordingDispatch
from tests.keyed_client import bearing, make_key

SYMBOLS = ["ES", "NQ"]


class WorkingDispatch(RecordingDispatch):
    """Has a job done at once, with advice that is the same for all symbols; leaves it alone without advice."""

    runtime: Runtime
    advice = ("HOLD", "there is too little history", 0.5)

    def run_job(self, job_id):
        """Do the job."""
        super().run_job(job_id)
        if self.advice is not None:
            run_job(self.runtime, job_id, self.runtime.run_limits, worker="test", analyse=self._analyse)

    def _analyse(self, question, inputs, lake, asof, **told):
        found = SteppedAnalysis()(question, inputs, lake, asof, **told)
        action, reason, confidence = self.advice
        advice = {"action": action, "reason": reason, "confidence": Basis("made up", asof).found(confidence, 9, "m")}
        trees = {symbol: {**tree, "recommendation": advice} for symbol, tree in found.symbols.items()}
        return replace(found, symbols=trees)


@pytest.fixture
def dispatch():
    return WorkingDispatch()


@pytest.fixture
def http(app, rt, dispatch):
    dispatch.runtime = rt
    transport, headers = httpx.WSGITransport(app=app), bearing(make_key(rt))
    with httpx.Client(transport=transport, base_url="http://127.0.0.1:8000/", headers=headers) as client:
        yield client


def test_every_symbol_that_is_held_for_a_reason_is_well(http):
    ok, found = ask_and_read(http, SYMBOLS)

    assert ok
    assert "of ES, NQ in " in found
    assert ": 2 HOLD, as there is too little history; report at /api/jobs/" in found


@pytest.mark.parametrize("advice", [("BUY", "", 0.6), ("HOLD", "", 0.5), ("HOLD", "no skill", 0.6)])
def test_advice_to_act_a_hold_without_reason_or_with_confidence_is_not(http, dispatch, advice):
    dispatch.advice = advice

    assert not ask_and_read(http, SYMBOLS)[0]


def test_a_job_that_nobody_takes_is_told(http, dispatch, monkeypatch):
    monkeypatch.setattr(demo_analysis, "DEADLINE_S", 0.0)
    dispatch.advice = None

    ok, found = ask_and_read(http, SYMBOLS)

    assert not ok
    assert found.endswith("of ES, NQ is pending: no worker has taken it")
