"""The scenarios of `make faults`, in the order in which they are played."""

from tests.faults.planted import PLANTED_BUGS
from tests.faults.scenario import Scenario
from tests.faults.scenarios.beat_kills import BEAT_KILLS
from tests.faults.scenarios.black_holes import BLACK_HOLES
from tests.faults.scenarios.byte_flips import BYTE_FLIPS
from tests.faults.scenarios.collector_kills import COLLECTOR_KILLS
from tests.faults.scenarios.damaged_purge import DAMAGED_PURGE
from tests.faults.scenarios.export_compare import EXPORT_COMPARE
from tests.faults.scenarios.export_kills import EXPORT_KILLS
from tests.faults.scenarios.external_trim import EXTERNAL_TRIM
from tests.faults.scenarios.fuzz_api import FUZZ_API
from tests.faults.scenarios.group_loss import GROUP_LOSS
from tests.faults.scenarios.ingestor_freeze import INGESTOR_FREEZE
from tests.faults.scenarios.ingestor_kills import INGESTOR_KILLS
from tests.faults.scenarios.job_kills import JOB_KILLS
from tests.faults.scenarios.ladder_kills import LADDER_KILLS
from tests.faults.scenarios.ladder_month import LADDER_MONTH
from tests.faults.scenarios.own_users import OWN_USERS
from tests.faults.scenarios.poison import POISONED
from tests.faults.scenarios.postgres_outage import POSTGRES_OUTAGE
from tests.faults.scenarios.redis_gone import REDIS_GONE
from tests.faults.scenarios.restore_drill import RESTORE_DRILL
from tests.faults.scenarios.schwab_faults import SCHWAB_FAULTS
from tests.faults.scenarios.stale_holder import STALE_HOLDER
from tests.faults.scenarios.stuck_clients import STUCK_CLIENTS
from tests.faults.scenarios.token_kills import TOKEN_KILLS
from tests.faults.scenarios.two_hosts import TWO_HOSTS

SCENARIOS: tuple[Scenario, ...] = (
    INGESTOR_KILLS,
    INGESTOR_FREEZE,
    COLLECTOR_KILLS,
    STALE_HOLDER,
    EXTERNAL_TRIM,
    GROUP_LOSS,
    POISONED,
    POSTGRES_OUTAGE,
    BLACK_HOLES,
    REDIS_GONE,
    STUCK_CLIENTS,
    EXPORT_KILLS,
    BYTE_FLIPS,
    EXPORT_COMPARE,
    DAMAGED_PURGE,
    BEAT_KILLS,
    JOB_KILLS,
    LADDER_MONTH,
    LADDER_KILLS,
    TOKEN_KILLS,
    SCHWAB_FAULTS,
    OWN_USERS,
    TWO_HOSTS,
    RESTORE_DRILL,
    FUZZ_API,
    PLANTED_BUGS,
)
