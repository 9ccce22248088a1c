"""`python -m benchmarks.analysis_alone MARKET`: what a command does that imports the analysis and runs it once.

MARKET is a file with a pickled `AnalysisMarket`. It prints its peak resident memory in MB.
"""

import pickle
import sys
from pathlib import Path

from benchmarks.measure import own_peak_mb

if __name__ == "__main__":
    pickle.loads(Path(sys.argv[1]).read_bytes()).analyse()
    print(own_peak_mb())
