import subprocess
import sys

from tests.tree import ROOT

LOOKED = """
import gc, weakref
from app.local.pauses import keep_pauses_short
class Loop:
    def __init__(self):
        self.me, self.many = self, [[] for _ in range(50)]
loaded = [[] for _ in range(200_000)]
{do}
seen = []
gc.callbacks.append(lambda phase, info: seen.append(info["generation"]) if phase == "start" else None)
kept = [[] for _ in range(100_000)]
looked_at, whole = len(gc.get_objects()), seen.count(2)
lost = weakref.ref(Loop())
later = [[] for _ in range(50_000)]
print(whole, looked_at > 250_000, lost() is None)
"""


def test_what_is_loaded_is_searched_no_more_and_young_garbage_still_is():
    assert (run(do=""), run(do="keep_pauses_short()")) == ("1 True True", "0 False True")


def run(**filled):
    command = [sys.executable, "-c", LOOKED.format(**filled)]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip()
