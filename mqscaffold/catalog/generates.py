"""Which cells can be generated now: computed from what exists, never declared.

A cell that the matrix allows is *planned* while a component, an adapter or a feature's own data
that it needs is not there.
"""

from __future__ import annotations

from collections.abc import Iterable

from mqscaffold.catalog.load import Catalog
from mqscaffold.catalog.model import Service, Slot
from mqscaffold.catalog.source import home


def missing(
    catalog: Catalog, pattern_key: str, service_key: str, features: tuple[str, ...] = ()
) -> str:
    """What this pattern on this service still lacks, in a user's words; "" when it generates.

    ``features`` are those that were chosen besides the pattern's own. Refusals are not looked at:
    the matrix says those.
    """
    pattern, service = catalog.patterns[pattern_key], catalog.services[service_key]
    if not service.slots or not service.adapters:
        return f"the components for {service.title} are not written yet"
    if not all(
        _exists(f"adapters/{name}.py") for names in service.adapters.values() for name in names
    ):
        return f"the adapter for {service.title} is not written yet"
    features = (*pattern.features, *features)
    for feature in features:
        if feature not in service.choices:
            return f"{feature} on {service.title} is not written yet"
    over = next(
        (
            service.choices[part].over
            for part in (pattern.topology, *features)
            if part in service.choices and service.choices[part].over
        ),
        "",
    )
    topology = catalog.topologies[over or pattern.topology or service.carrier]
    parts = [
        topology,
        *(catalog.features[name] for name in _with_implied(catalog, features)),
    ]
    for part in parts:
        choice = service.choices.get(part.name)
        if _lacks((*part.slots, *(choice.slots if choice else ())), service, catalog):
            return f"{part.name} on {service.title} is not written yet"
    if not topology.slots:
        return f"{topology.name} on {service.title} is not written yet"
    return ""


def _with_implied(catalog: Catalog, features: tuple[str, ...]) -> list[str]:
    found: list[str] = []
    todo = list(features)
    while todo:
        name = todo.pop(0)
        if name not in found:
            found.append(name)
            todo += catalog.features[name].implies
    return found


def _lacks(places: Iterable[str], service: Service, catalog: Catalog) -> bool:
    """Whether nothing fills one of these places."""
    cloud = catalog.clouds.get(service.cloud)
    filled: dict[str, Slot] = {**(cloud.slots if cloud else {}), **service.slots}
    for choice in service.choices.values():
        filled.update(choice.fill)
    for name in places:
        slot = filled.get(name)
        if slot is None:
            return True
        component = catalog.components.get(slot.component)
        if slot.component and (
            component is None
            or not component.file
            or not _exists(f"infra/{component.provider}/{component.file}.py")
        ):
            return True
    return False


def _exists(path: str) -> bool:
    return (home() / "templates" / path).is_file()
