"""Every table of the database, in one import, so that the metadata is whole."""

from app.access.models import ApiKey, AuditEntry, Login, LoginLink, User
from app.alerts.models import Alert, AlertDelivery
from app.desk.models import Market, MarketDataSnapshot, MarketEvent, SessionCertificate
from app.instruments.models import ContractRoll, ContractWeight, SignalWeight, TradingInstrument
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
from app.lake.models import LakeFile, LakeIdentity
from app.ledger.models import (
    DeadLetter,
    DeadLetterAction,
    DuplicateCount,
    FeedCoverage,
    Gap,
    GivenNumber,
    IngestBatch,
    Loss,
    PublishedCount,
    Reconciliation,
    StreamPosition,
)
from app.premarket.models import PremarketReport, PremarketStage
from app.ticks.models import Tick

TABLES = (
    AdminChange,
    Alert,
    AlertDelivery,
    AnalysisJob,
    AnalysisResult,
    ApiKey,
    AuditEntry,
    ContractRoll,
    ContractWeight,
    DeadLetter,
    DeadLetterAction,
    DuplicateCount,
    FeedCoverage,
    Gap,
    GivenNumber,
    IngestBatch,
    LakeFile,
    LakeIdentity,
    Login,
    LoginLink,
    Loss,
    Market,
    MarketDataSnapshot,
    MarketEvent,
    Prediction,
    PredictionModel,
    PredictionScore,
    PremarketReport,
    PremarketStage,
    PublishedCount,
    Reconciliation,
    SessionCertificate,
    Signal,
    SignalWeight,
    StreamPosition,
    Tick,
    TradingInstrument,
    User,
    UserSetting,
)
