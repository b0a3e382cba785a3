"""Why one of the modules is still most of what the old one was."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from .groups import Group, Operation
from .moves import SHARED, Moves
from .units import Sheet, Unit

TOO_LARGE = 0.6
"""Share of the old module's lines from which on a module must say why it has them."""

WORTH_A_WORD = 100
"""Lines of a module below which nobody asks."""

MANY_NAMES = 4


def sizes_of(
    sheet: Sheet,
    moves: Moves,
    files: Mapping[str, str],
    moving: Sequence[Group],
    operations: Sequence[Operation],
    refused: Collection[str],
) -> dict[str, str]:
    """By destination (empty for the old module), a sentence for each module that has more than 60 % of the lines.

    `moving` are the groups that move, `operations` all routes of the module, `refused` the labels of other groups.
    """
    total = sheet.module.text.count("\n")
    if total < WORTH_A_WORD:
        return {}
    chosen = {group.name: group for group in moving}
    units: dict[str, list[Unit]] = {}
    inside = 0
    for unit in sheet.every:
        where = moves.destinations.get(unit.index, "")
        where = where if where in chosen or where in SHARED else ""
        if unit.owner is not None and where:
            inside += _lines(unit)
        if unit.owner is None or where:
            units.setdefault(where, []).append(unit)
    notes: dict[str, str] = {}
    for where, own in units.items():
        lines = sum(map(_lines, own)) - (0 if where else inside)
        if lines <= TOO_LARGE * total:
            continue
        if not where:
            moved = {operation.position for group in moving for operation in group.operations}
            stay = [operation for operation in operations if operation.position not in moved]
            reasons = "; ".join(_of_old_module(own, stay, refused))
            notes[where] = f"`{sheet.module.path}` keeps {lines:,} of {total:,} lines: {reasons}"
        elif where in chosen:
            number = len(chosen[where].operations)
            notes[where] = (
                f"`{files[where]}` gets {lines:,} of {total:,} lines, its {number} routes and what only they need:"
                f" {_largest(own)}"
            )
        else:
            notes[where] = f"`{files[where]}` gets {lines:,} of {total:,} lines, which several need: {_largest(own)}"
    return notes


def _of_old_module(units: Sequence[Unit], stay: Sequence[Operation], refused: Collection[str]) -> Iterator[str]:
    handlers = {operation.unit for operation in stay}
    if stay:
        lines = sum(_lines(unit) for unit in units if unit.index in handlers)
        of = f", among them those of {', '.join(f'`{label}`' for label in refused)} (see there)" if refused else ""
        yield f"{len(stay)} routes with {lines:,} lines stay{of}"
    others = [unit for unit in units if unit.index not in handlers]
    if largest := _largest(others):
        yield f"{sum(map(_lines, others)):,} lines are no routes, or are what these need: {largest}"


def _largest(units: Sequence[Unit]) -> str:
    named = sorted(
        (unit for unit in units if unit.binds and not unit.imports), key=lambda unit: (-_lines(unit), unit.index)
    )
    words = [f"{unit.names} ({_lines(unit):,})" for unit in named[:MANY_NAMES] if _lines(unit) > 1]
    return ", ".join(words) + (" and more" if len(named) > MANY_NAMES and words else "")


def _lines(unit: Unit) -> int:
    return unit.line_count
