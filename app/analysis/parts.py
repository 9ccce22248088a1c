"""What is measured of each symbol by itself: the parts of its tree, which kinds of question have them, and their cache.

A part depends on the symbol's data and a few parameters alone, so that its plain tree is kept under the hash of both.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.analysis.findings import Tree, to_plain
from app.analysis.inputs import SymbolData
from app.analysis.keeping import Keep
from app.analysis.question import Kind, Parameters

# Raise it when a method changes: what was kept by the old one is then measured anew.
METHODS_VERSION: Final = 2
_KIND: Final = "findings"


Measure = Callable[[SymbolData, Parameters], Tree]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a symbol's tree; `matters` names the parameters that it depends on."""

    name: str
    stage: str
    kinds: frozenset[Kind]
    measure: Measure
    matters: tuple[str, ...] = ()


def measured(part: Part, data: SymbolData, parameters: Parameters, keep: Keep) -> dict[str, Any]:
    """The part's plain tree, from the store where it was measured of the same data before."""
    key = part_key(part, data, parameters)
    found = keep.get(_KIND, key)
    if found is not None:
        told: dict[str, Any] = json.loads(found)
        return told
    made = _plain(part, data, parameters)
    keep.put(_KIND, key, json.dumps(made, allow_nan=False).encode())
    return made


def part_key(part: Part, data: SymbolData, parameters: Parameters) -> str:
    """The name under which a part is kept: of the data, of the parameters that matter, and of the methods."""
    told: Mapping[str, Any] = parameters.model_dump(mode="json")
    facts = {
        "part": part.name,
        "methods": METHODS_VERSION,
        "symbol": data.symbol,
        "data": data.data_hash,
        "asof": data.asof.isoformat(),
        "terms": repr(data.terms),
        "sessions": [data.sessions_per_year, len(data.hours)],
        "parameters": {name: told[name] for name in part.matters},
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _plain(part: Part, data: SymbolData, parameters: Parameters) -> dict[str, Any]:
    plain: dict[str, Any] = to_plain(part.measure(data, parameters))
    return plain
