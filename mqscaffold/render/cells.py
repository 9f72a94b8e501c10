"""Whether a flow's pattern can be had on its service: what the matrix says, and what exists."""

from __future__ import annotations

from mqscaffold.catalog.generates import missing
from mqscaffold.catalog.load import Catalog
from mqscaffold.catalog.matrix import Cell, best, cell, suggestion
from mqscaffold.errors import UserError
from mqscaffold.render.choose import chosen_parts
from mqscaffold.render.spec import FlowSpec


def check_cell(flow: FlowSpec, catalog: Catalog) -> None:
    """UserError when the matrix refuses the pattern there, or it cannot be generated yet."""
    pattern, service, _ = chosen_parts(flow, catalog)
    patterns, topologies, parts, services = catalog.matrix_tables()
    # What --with adds counts as if the pattern named it.
    named = {**patterns[flow.pattern], "features": (*pattern.features, *flow.features)}
    tables = ({**patterns, flow.pattern: named}, topologies, parts, services)
    found = best(*tables, flow.pattern, flow.service)
    variant = found.variant
    chosen = {**flow.values.both, **found.settings}
    for other in service.variants:
        known = other.condition.names <= set(chosen)
        if other.column and known and other.condition.value(chosen):
            variant = other.name
    if variant != found.variant:
        found = cell(*tables, flow.pattern, flow.service, variant)
    more = f" with {', '.join(flow.features)}" if flow.features else ""
    where = f"{flow.pattern}{more} on {flow.service}" + (f"+{variant}" if variant else "")
    if found.state == "refused":
        raise UserError(
            f"{where} is refused: {found.reason}",
            where=f"--pattern {flow.pattern} --service {flow.service}",
            near=_instead(found, catalog),
            command=f"mqscaffold list --pattern {flow.pattern}",
        )
    if lacking := missing(catalog, flow.pattern, flow.service, flow.features):
        raise UserError(
            f"{where} is planned: {lacking}",
            where=f"--pattern {flow.pattern} --service {flow.service}",
            near=_working(flow, catalog),
            command="mqscaffold list",
        )


def _instead(refused: Cell, catalog: Catalog) -> list[str]:
    """What the catalog suggests for a refused cell: what generates now first, the rest marked."""
    patterns, topologies, parts, services = catalog.matrix_tables()
    works: list[str] = []
    later: list[str] = []
    for entry in refused.instead:
        other = suggestion(entry, refused.pattern, refused.service)
        text = f"{other.pattern} on {other.service}"
        # `new` takes the variant that the pattern fixes; another one has to be chosen.
        taken = best(patterns, topologies, parts, services, other.pattern, other.service).variant
        variants = {variant.name: variant for variant in catalog.services[other.service].variants}
        if other.variant and other.variant != taken:
            text += f" with {variants[other.variant].condition.text}"
        ready = not missing(catalog, other.pattern, other.service)
        (works if ready else later).append(text if ready else f"{text} (planned)")
    return list(dict.fromkeys([*works, *later]))


def _working(flow: FlowSpec, catalog: Catalog) -> list[str]:
    """What generates now and is nearest: the same pattern elsewhere, else on the same service."""
    tables = catalog.matrix_tables()

    def works(pattern: str, service: str) -> bool:
        return best(*tables, pattern, service).state != "refused" and not missing(
            catalog, pattern, service
        )

    same = [f"{flow.pattern} on {key}" for key in catalog.services if works(flow.pattern, key)]
    here = [f"{key} on {flow.service}" for key in catalog.patterns if works(key, flow.service)]
    return (same or here)[:3]
