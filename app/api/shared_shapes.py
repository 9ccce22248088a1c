"""One name in the specification for each shape, also where several answers hold it."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

PLACE: Final = "#/components/schemas/"


def share_shapes(spec: Any) -> None:
    """Have `A.X` and `B.X` be `X` where all of that name are equal; what differs keeps its name."""
    schemas = spec["components"]["schemas"]
    names = _shared(schemas)
    for name, place in names.items():
        schemas[place] = schemas.pop(name)
    _rename(spec, names)


def _shared(schemas: Mapping[str, Any]) -> dict[str, str]:
    alike: dict[str, list[str]] = defaultdict(list)
    for name in schemas:
        alike[_last(name)].append(name)
    names = {name: place for place, group in alike.items() if len(group) > 1 for name in group}
    while differing := {
        place
        for place in names.values()
        if any(_named(schemas[one], names) != _named(schemas[alike[place][0]], names) for one in alike[place])
    }:
        names = {name: place for name, place in names.items() if place not in differing}
    return names


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _named(part: Any, names: Mapping[str, str]) -> Any:
    """The part with the references that it will have."""
    if isinstance(part, dict):
        return {key: _renamed(told, names) if key == "$ref" else _named(told, names) for key, told in part.items()}
    return [_named(one, names) for one in part] if isinstance(part, list) else part


def _rename(part: Any, names: Mapping[str, str]) -> None:
    for one in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _rename(one, names)
    if isinstance(part, dict) and isinstance(part.get("$ref"), str):
        part["$ref"] = _renamed(part["$ref"], names)


def _renamed(reference: str, names: Mapping[str, str]) -> str:
    name = reference.removeprefix(PLACE)
    return PLACE + names.get(name, name)
