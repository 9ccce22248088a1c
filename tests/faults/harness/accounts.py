"""The pipeline's own balance, held against what the trial knows."""

from dataclasses import dataclass

from sqlalchemy import text

from app.operations.reconciling import reconcile
from tests.faults.harness.checker import Audit
from tests.faults.harness.ledger import SOURCE
from tests.faults.harness.world import World

READINGS = 5
_TOTALS = text(
    "SELECT coalesce(sum(published), 0), coalesce(sum(stored), 0), coalesce(sum(dead), 0), "
    "coalesce(sum(duplicates), 0), coalesce(sum(lost), 0), array_agg(DISTINCT verdict) "
    "FROM reconciliations WHERE source = :source"
)
_LOSSES = text("SELECT kind, sum(count) FROM losses WHERE parent_id IS NULL GROUP BY kind")


@dataclass(frozen=True)
class Accounts:
    """What the reconcile job makes of the ledger's source, in events; `losses` are the evidence by kind."""

    published: int
    stored: int
    dead: int
    duplicates: int
    lost: int
    verdicts: frozenset[str]
    losses: dict[str, int]

    def wrong(self, found: Audit, *, lost: int | None = None) -> list[str]:
        """Where they differ from the audit, as sentences; `lost` is how many went, by the audit unless given."""
        gone = found.lost if lost is None else lost
        claims = {
            f"the balance's verdicts are {sorted(self.verdicts)}": self.verdicts == {"balanced"},
            f"it says stored {self.stored:,}, there are {found.stored:,}": self.stored == found.stored,
            f"it says lost {self.lost:,}, lost are {gone:,}": self.lost == gone,
            f"the losses are {self.losses}, lost are {gone:,}": sum(self.losses.values()) == gone,
            f"it says published {self.published:,}, between {found.acked:,} and {found.attempted:,} were": (
                found.acked <= self.published <= found.attempted
            ),
            "published is not the sum of its parts": self.published
            == self.stored + self.dead + self.duplicates + self.lost,
        }
        return [f"accounts: {sentence}" for sentence, holds in claims.items() if not holds]

    def figures(self) -> dict[str, object]:
        """What the table shows of it."""
        return {"published": self.published, "duplicates": self.duplicates, "counted lost": self.lost}


def settle_accounts(world: World, source: str = SOURCE) -> Accounts:
    """Reconcile the pipeline at rest, twice at least, because what is found missing is recorded once."""
    for _ in range(READINGS):
        first = reconcile(world.stores)
        if first.at_rest and all(one.verdict == "balanced" for one in reconcile(world.stores).balances):
            break
    with world.sessions() as session:
        *totals, verdicts = session.execute(_TOTALS, {"source": source}).one()
        losses = {kind: int(count) for kind, count in session.execute(_LOSSES)}
    return Accounts(*map(int, totals), frozenset(verdicts or ()), losses)
