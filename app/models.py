"""Every table of the database, in one import, so that the metadata is whole."""

from app.ingest.models import DeadLetter
from app.instruments.models import TradingInstrument
from app.lake.models import LakeFile
from app.ticks.models import Tick

TABLES = (DeadLetter, LakeFile, Tick, TradingInstrument)
