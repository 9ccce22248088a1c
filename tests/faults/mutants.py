"""Ingestors with a planted fault, as processes: python -m tests.faults.mutants KIND BATCH_SIZE."""

import sys
from threading import Event

from app.cli.stopping import stop_on_signals
from app.factory import create_app
from app.ingest.run import Ingestor, IngestPlan
from app.ingest.storing import Batch
from app.runtime import EXTENSION
from app.settings import load_settings
from tests.fakes import RecordingDispatch

CONSUMER = "killed"
# A commit on a slow disk: the faster it is, the more kills it takes to meet the gap.
COMMIT_S = 0.05


class AcknowledgesFirst(Ingestor):
    """Acknowledges a batch before it is committed."""

    def _store(self, batch: Batch) -> None:
        self._reader.ack([entry_id for entry_id, _words in batch.entries])
        Event().wait(COMMIT_S)
        super()._store(batch)


class ForgetsItsOwn(Ingestor):
    """Reads new entries only, never those that it was given before it died."""

    def _finish_own(self, stop: Event) -> None:
        pass

    def _recover(self, stop: Event, *, own: bool) -> None:
        pass


KINDS = {"sound": Ingestor, "acknowledges-first": AcknowledgesFirst, "forgets-its-own": ForgetsItsOwn}


def main(kind: str, batch_size: str) -> None:
    """Ingest with the settings of the environment until the process is told to end."""
    rt = create_app(load_settings(_env_file=None), RecordingDispatch()).extensions[EXTENSION]
    plan = IngestPlan(CONSUMER, int(batch_size))
    stop = Event()
    with stop_on_signals(stop):
        KINDS[kind](rt.raw_redis, rt.redis, rt.sessions, rt.market, rt.clock, plan).run(stop)


if __name__ == "__main__":
    main(*sys.argv[1:])
