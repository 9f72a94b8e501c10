"""Which places a flow has, which component fills each, and which processes run.

The topology and the features name places; the cloud, the service, its variants and what a part
asks for on this service fill them, the later over the earlier.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from mqscaffold.catalog import model
from mqscaffold.catalog.model import STACKS, Process, Setting, Slot
from mqscaffold.errors import UserError
from mqscaffold.records import dataclass, replace
from mqscaffold.render.resolved import Value, names_on

if TYPE_CHECKING:
    from mqscaffold.catalog.load import Catalog


@dataclass(frozen=True)
class Places:
    """The places of one flow in the order their parts name them, and its processes."""

    topology: model.Part
    slots: Mapping[str, Slot]
    processes: tuple[Process, ...]
    entry: str
    dropped: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    envelope: str = ""  # "foreign": what arrives are not CloudEvents


def places(
    pattern: model.Pattern,
    service: model.Service,
    features: tuple[str, ...],
    catalog: Catalog,
    held: Mapping[str, Value],
) -> Places:
    """The places for these parts and values; a UserError where a choice may not differ by stack."""
    choices = [
        service.choices[part] for part in (pattern.topology, *features) if part in service.choices
    ]
    over = next((choice.over for choice in choices if choice.over), "")
    topology = catalog.topologies[over or pattern.topology or service.carrier]
    parts = [topology, *(catalog.features[name] for name in features)]
    active = list(_active(service, catalog, held))
    fillings = _fillings(service, catalog, choices, active)
    dropped = {name for choice in choices for name in choice.drop}
    dropped |= {name for variant in active for name in variant.drop}
    wanted = [name for part in parts for name in part.slots]
    wanted += [name for choice in choices for name in choice.slots]
    entry = next((choice.entry for choice in choices if choice.entry), topology.entry)
    slots: dict[str, Slot] = {}
    _want(wanted, fillings, dropped, slots, entry)
    processes = tuple(_processes(parts, slots, dropped))
    repeated = [name for name, slot in fillings.items() if slot.each == "processes"]
    if any(not process.by for process in processes):
        _want(repeated, fillings, dropped, slots, entry)
    return Places(
        topology,
        slots,
        processes,
        entry,
        dropped=tuple(sorted(dropped)),
        variants=tuple(variant.name for variant in active),
        operations=tuple(part.operation for part in parts if part.operation),
        envelope=next((part.envelope for part in parts if part.envelope), ""),
    )


def _active(
    service: model.Service, catalog: Catalog, held: Mapping[str, Value]
) -> Iterator[model.Variant]:
    """The variants whose condition holds; it must on both stacks or on neither."""
    cloud = catalog.clouds.get(service.cloud)
    for variant in (*(cloud.variants if cloud else ()), *service.variants):
        on = {stack: bool(variant.condition.value(names_on(held, stack))) for stack in STACKS}
        if on["dev"] != on["prod"]:
            names = ", ".join(sorted(variant.condition.names))
            raise UserError(
                f"{names} must be the same on dev and prod: it decides which resources there are",
                where=names,
                command="set it without a stack",
            )
        if on["dev"]:
            yield variant


def _fillings(
    service: model.Service,
    catalog: Catalog,
    choices: list[model.Choice],
    active: list[model.Variant],
) -> dict[str, Slot]:
    key = next((variant.cloud for variant in active if variant.cloud), service.cloud)
    cloud = catalog.clouds.get(key)
    found: dict[str, Slot] = dict(cloud.slots) if cloud else {}
    found.update(service.slots)
    for choice in choices:
        found.update(choice.fill)
    for variant in active:
        found.update(variant.slots)
    return found


def _want(
    wanted: list[str],
    fillings: Mapping[str, Slot],
    dropped: set[str],
    slots: dict[str, Slot],
    entry: str,
) -> None:
    """Add ``wanted`` and every place that their arguments name, each once."""
    for name in wanted:
        if name in slots or name in dropped or name not in fillings:
            continue
        slot = slots[name] = fillings[name]
        if not slot.component:
            continue
        for reference in references(slot):
            _want([entry if reference == "entry" else reference], fillings, dropped, slots, entry)


def references(slot: Slot) -> Iterator[str]:
    """The places that ``slot`` needs: "@hub.arn" and a provider named in its options."""
    given: list[Any] = [*slot.args.values(), *slot.opts.values()]
    for value in given:
        for text in cast("list[Any]", value) if isinstance(value, list) else [value]:
            if isinstance(text, str) and text.startswith("@") and not text.startswith("@+"):
                yield text[1:].partition(".")[0]


def _processes(
    parts: list[model.Part], slots: Mapping[str, Slot], dropped: set[str]
) -> Iterator[Process]:
    """The parts' processes without what is not there; one with nothing to do does not run."""
    found = {process.name: process for part in parts for process in part.processes}
    for part in parts:
        if part.relay and "producer" in found and part.relay in found:
            # The relay sends what the producer has only written down.
            relay, producer = found[part.relay], found["producer"]
            found[part.relay] = replace(relay, sends=producer.sends)
            found["producer"] = replace(producer, sends=relay.reads)
    messages = {"entry", *parts[0].slots}
    for process in found.values():
        sends, reads, operates = process.sends, process.reads, process.operates
        for part in parts:
            # Who only writes to an outbox has nothing to do with what the messages go through.
            if messages.intersection(process.sends):
                sends = (*sends, *part.joins.get("send", ()))
            if messages.intersection(process.reads):
                reads = (*reads, *part.joins.get("read", ()))
            if messages.intersection(process.operates):
                operates = (*operates, *part.joins.get("operate", ()))
        if process.name in dropped or (process.each and process.each not in slots):
            continue

        def here(names: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(name for name in names if name in slots or name == "entry")

        kept = replace(
            process,
            sends=here(sends),
            reads=here(reads),
            operates=here(operates),
            uses=here(process.uses),
        )
        if kept.sends or kept.reads or kept.operates or kept.uses:
            yield kept


def relations(name: str, process: Process) -> tuple[str, ...]:
    """How ``process`` stands to the place ``name``: it sends to it, reads, operates or uses it."""
    pairs = (
        ("send", process.sends),
        ("read", process.reads),
        ("operate", process.operates),
        ("use", process.uses),
    )
    return tuple(relation for relation, names in pairs if name in names)


def applies(setting: Setting, shape: Places, lists: set[str], code: bool) -> bool:
    """Whether something that this shape has takes the setting's value."""
    if setting.planned:
        return False
    components = {slot.component for slot in shape.slots.values()}
    for target in setting.sets:
        owner = target.owner.partition("/")[0]
        if target.kind == "arg" and owner in components:
            return True
        if target.kind == "items" and target.name in lists:
            return True
        if target.kind == "slot" and target.name in (*shape.slots, *shape.dropped):
            return True
        if target.kind in ("config", "files"):
            return True
        if target.kind == "code" and code and any(p.reads for p in shape.processes):
            return True
        if target.kind == "setting" and any(process.reads for process in shape.processes):
            return True
    return False


def per_element(setting: Setting, shape: Places) -> str:
    """The list whose elements may each have their own value of ``setting``, or ""."""
    lists: set[str] = set()
    components = list(shape.slots.values())
    if setting.level in ("project", "host") or setting.type == "items":
        return ""
    for target in setting.sets:
        if target.kind == "arg":
            lists |= {slot.each for slot in components if slot.component == target.owner}
        elif target.kind in ("code", "setting"):
            lists |= {
                shape.slots[process.each].each if process.each else ""
                for process in shape.processes
                if process.reads
            }
        elif target.kind in ("slot", "files", "config"):
            lists.add("")
    return lists.pop() if len(lists) == 1 else ""
