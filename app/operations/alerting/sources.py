"""Rules of sources: that one is silent, that two disagree, and that a login ends."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from app.alerts.rules import Condition, Severity
from app.collectors.schwab.expiry import SOURCE
from app.operations.alerting.policy import AlertPolicy
from app.operations.divergences import Divergence, read_divergences
from app.operations.login_health import login_figures, schwab_standing
from app.operations.session_health import Feeds, read_feeds
from app.operations.wishes import is_wanted
from app.stores import Stores


def find_silent(stores: Stores, policy: AlertPolicy, now: datetime) -> Sequence[Condition]:
    """Wanted sources that should be heard, because a market of theirs is open, and are not, whatever the cause."""
    return list(silent_sources(read_feeds(stores, stores.redis, now, policy.sources)))


def find_disagreeing(stores: Stores, _policy: AlertPolicy, _now: datetime) -> Sequence[Condition]:
    """Pairs of sources that have differed about a symbol for a while."""
    return [_disagreeing(one) for one in read_divergences(stores.redis).values() if one.alarming]


def find_expiring(stores: Stores, policy: AlertPolicy, now: datetime) -> Sequence[Condition]:
    """The login at Schwab, from 48 hours before its end on, where the source is collected here or wanted; critical once
    it is over and wanted."""
    standing = schwab_standing(stores.redis, now)
    is_used = SOURCE in policy.sources or is_wanted(stores, SOURCE)
    if standing is None or not standing.warns or not is_used:
        return []
    severity: Severity = "critical" if standing.is_missed else "warning"
    return [Condition("login_expiring", SOURCE, standing.detail, severity, login_figures(standing.term, now))]


def silent_sources(feeds: Feeds) -> Iterator[Condition]:
    """The sources that should be heard and are not, with what a person has to mend where that is known."""
    for source, age_s in feeds.silence_s.items():
        heard = "nobody holds it, or it was never heard" if age_s is None else f"not heard for {age_s:.0f} s"
        if detail := feeds.troubled.get(source):
            yield Condition("source_silent", source, f"{source}: {detail}", facts={"silence_s": age_s})
        elif source in feeds.silent:
            detail = f"{source} brings nothing new although a market is open, {heard}: see `flask status`"
            yield Condition("source_silent", source, detail, facts={"silence_s": age_s})


def _disagreeing(one: Divergence) -> Condition:
    # The same pair goes on under the same name when a lag turns into a difference.
    pair = "/".join(sorted((one.source, one.other)))
    facts = {"kind": one.kind, "source": one.source, "other": one.other, "last": str(one.last), "worst": str(one.worst)}
    return Condition("sources_disagree", f"{one.symbol} {pair}", one.told(), facts=facts)
