"""All of Thor for an hour, while its parts are killed: `make soak ARGS="--minutes 60 --faults 120"`.

`flask up` runs in a directory of its own. A feed with a record of its own publishes through a collector with its spool,
the simulation through the collectors' worker; clients follow the stream, and requests, analyses and exports go on. With
`--faults N` something goes wrong every N seconds, by chance but the same for a seed. At the end what is stored is held
against the feed's record and against Thor's own accounts, and the growth of every process is judged.

Samples and faults are written to files while it runs: `--judge FOLDER` tells what those of a stopped run say.
"""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from benchmarks.soak.reporting import judged_folder, report
from benchmarks.soak.run import Plan, soak
from benchmarks.soak.slopes import WarmUp


def main() -> int:
    """Print the tables; 1 when an event is lost or doubled, a part stands still or a process grows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=500.0, help="quotes a second of the recorded feed")
    parser.add_argument("--clients", type=int, default=3, help="clients of the stream")
    parser.add_argument("--faults", type=float, default=0.0, metavar="N", help="seconds between faults; 0 for none")
    parser.add_argument("--outages", action="store_true", help="kill no process of Thor's, so that each has one life")
    parser.add_argument("--seed", type=int, default=7, help="another seed, other faults")
    parser.add_argument("--folder", type=Path, help="where files are kept; a new one under TMPDIR unless given")
    parser.add_argument("--lose", action="store_true", help="remove a stored tick half way: a trial of the judge")
    parser.add_argument("--warm-up", type=float, default=15.0, metavar="MINUTES", help="how much is not judged")
    parser.add_argument("--judge", type=Path, metavar="FOLDER", help="run nothing, judge the samples that lie there")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended early: the files so far are kept"))
    console = Console(width=None if sys.stdout.isatty() else 130)
    warm_up = WarmUp(run_s=60 * asked.warm_up)
    if asked.judge:
        return judged_folder(console, asked.judge, warm_up)
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="thor-soak-"))
    folder.mkdir(parents=True, exist_ok=True)
    plan = Plan(folder, asked.minutes, asked.rate, asked.clients, asked.faults, asked.seed, asked.lose, asked.outages)
    return report(console, soak(plan, lambda line: console.print(line, highlight=False)), warm_up)


if __name__ == "__main__":
    sys.exit(main())
