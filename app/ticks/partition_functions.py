"""The database's own functions that make, hold and drop partitions: whoever may call them need not own the ticks."""

from typing import Final

from sqlalchemy import Connection, text

MAKE: Final = "make_tick_partition"
HOLD: Final = "hold_tick_partition"
DROP: Final = "drop_tick_partition"
FUNCTIONS: Final = (MAKE, HOLD, DROP)
# Each acts with the rights of its owner, who owns the ticks, and on the partition of a day only; the path of search is
# fixed, so that no caller's table stands in for ours.
_BODIES: Final = {
    # Attaching takes a weaker lock on the table of all partitions than CREATE TABLE … PARTITION OF does.
    MAKE: """
    EXECUTE format('CREATE TABLE public.%I (LIKE public.ticks INCLUDING DEFAULTS)', name);
    EXECUTE format('ALTER TABLE public.ticks ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
        name, day, day + 1);
""",
    HOLD: """
    EXECUTE format('LOCK TABLE public.%I IN SHARE MODE', name);
""",
    DROP: """
    LOCK TABLE ONLY public.ticks IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('DROP TABLE public.%I', name);
""",
}


def install_partition_functions(connection: Connection) -> None:
    """Make the functions, or bring them up to date; nobody but their owner may call them until somebody is let."""
    for name in FUNCTIONS:
        connection.execute(text(_statement(name).replace(":", r"\:")))
        connection.execute(text(f"REVOKE ALL ON FUNCTION {name}(date) FROM PUBLIC"))


def _statement(name: str) -> str:
    return f"""
CREATE OR REPLACE FUNCTION {name}(day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name CONSTANT text := 'ticks_p' || to_char(day, 'YYYYMMDD');
BEGIN{_BODIES[name]}END $$
"""
