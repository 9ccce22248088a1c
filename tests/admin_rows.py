"""Rows for every table of the admin, one of each at least, with texts that would do harm if they were not escaped."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from app.access.models import ApiKey, AuditEntry
from app.alerts.models import Alert, AlertDelivery
from app.desk.models import MarketDataSnapshot, SessionCertificate
from app.instruments.models import ContractWeight, SignalWeight
from app.jobs.models import (
    AdminChange,
    AnalysisJob,
    AnalysisResult,
    Prediction,
    PredictionModel,
    PredictionScore,
    Signal,
    UserSetting,
)
from app.ledger.models import DeadLetter
from app.premarket.models import PremarketReport, PremarketStage
from tests.documents import EVIL, FORMULA, document

NOW = datetime(2025, 3, 7, 21, tzinfo=UTC)
DAY = date(2025, 3, 7)


def job_row(**told: object) -> AnalysisJob:
    """A job that is pending unless told otherwise."""
    known = {
        "kind": "full", "symbols": ["ES", "CL"], "start_date": DAY - timedelta(days=30), "end_date": DAY,
        "parameters": {}, "request_hash": "0" * 64, "requested_by": "api", "created_at": NOW,
    }  # fmt: skip
    return AnalysisJob(**{**known, **told})


def done_job(session: Session, **told: object) -> int:
    """A job that is done, with its results; its number."""
    job = job_row(status="done", progress=1.0, finished_at=NOW, **told)
    session.add(job)
    session.flush()
    whole = document(symbols={})
    for scope, found in {"*": whole, **document()["symbols"]}.items():
        action = None if scope == "*" else "HOLD"
        session.add(
            AnalysisResult(
                job_id=job.id, scope=scope, asof=NOW, created_at=NOW, action=action, reason_code="no_skill",
                confidence=0.5, volatility=0.15, verdict="ok", document=found,
            )
        )  # fmt: skip
    return job.id


def fill(session: Session) -> int:
    """Rows in all tables; the number of the job that is done."""
    job_id = done_job(session)
    session.add(job_row(status="failed", error=EVIL, finished_at=NOW, stage=EVIL, timeframe=FORMULA[:16]))
    model = PredictionModel(kind="direction-logistic", version=1, description=EVIL, created_at=NOW)
    alert = Alert(
        rule="source_silent",
        subject=EVIL,
        severity="critical",
        detail=EVIL,
        facts={EVIL: 1},
        raised_at=NOW,
        seen_at=NOW,
    )
    session.add_all([model, alert])
    session.flush()
    known = {"job_id": job_id, "model_id": model.id, "symbol": "<b>ES</b>", "asof": NOW}
    session.add_all(
        [
            Prediction(
                **known, source="REPLAY", horizon="1h", made_at=NOW, target_ts=NOW + timedelta(hours=1), p=0.5,
                base_price=6000.0, base_rate=0.5, gated=False, n_train=500, params_hash="a", data_hash="b",
            ),
            Signal(**known, side="HOLD", strength=0.0, reason_code=EVIL, valid_until=NOW + timedelta(hours=1)),
            UserSetting(name="analysis.equity", value=50_000.0, updated_at=NOW),
            AdminChange(at=NOW, actor="admin", entity="markets", key=EVIL, action="edit", changes={EVIL: [EVIL, 1]}),
            ContractWeight(composite="us", symbol="ES", valid_from=DAY, weight=Decimal("0.5")),
            SignalWeight(
                signal="trend", valid_from=DAY, weight=Decimal(1), min_weight=Decimal(0), max_weight=Decimal(2)
            ),
            MarketDataSnapshot(
                market="CME_Futures", session_date=DAY, opens_at=NOW - timedelta(hours=23), closes_at=NOW,
                created_at=NOW, quality={EVIL: EVIL},
            ),
            SessionCertificate(
                market="CME_Futures", session_date=DAY, verdict="failed", reasons=[EVIL], figures={}, files=[],
                made_at=NOW,
            ),
            AlertDelivery(
                alert_id=alert.id, channel="email", event="raised", severity="critical", due_at=NOW, error=EVIL
            ),
            PremarketReport(
                market="CME_Futures", session_date=DAY, opens_at=NOW, verdict="DEGRADED", reasons=[EVIL],
                document={EVIL: EVIL}, made_at=NOW,
            ),
            PremarketStage(
                market="CME_Futures", session_date=DAY, stage="composite", planned_at=NOW, deadline_at=NOW,
                status="failed", asof=NOW, started_at=NOW, done_at=NOW, reasons=[EVIL], detail={EVIL: EVIL},
            ),
            PredictionScore(
                model_id=model.id, symbol="<b>ES</b>", horizon="1h", session_date=DAY, scored_at=NOW, outcomes=5,
                degraded=False, figures={EVIL: EVIL},
            ),
            ApiKey(id="0" * 12, name=EVIL, role="viewer", digest="1" * 64, created_at=NOW, created_by=EVIL),
            AuditEntry(at=NOW, actor=EVIL, action=EVIL, subject=EVIL, outcome="done", facts={EVIL: EVIL}),
            DeadLetter(
                stream_id="1-1", reason=EVIL, fields={"symbol": EVIL, "last": FORMULA}, first_seen=NOW, symbol="=1+1",
            ),
        ]
    )  # fmt: skip
    return job_id
