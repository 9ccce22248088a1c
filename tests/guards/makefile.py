"""What the Makefile says: its text, and each target with what it depends on."""

import re

from tests.tree import ROOT

TEXT = (ROOT / "Makefile").read_text()
RULES = {
    name: after.partition("##")[0].split() for name, after in re.findall(r"^([a-z-]+):(?!=)(.*)$", TEXT, re.MULTILINE)
}
