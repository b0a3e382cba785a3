"""Which codemods exist: whatever stands below `conventions/`. No list is edited to add one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from types import MappingProxyType

from . import conventions
from .codemod import Codemod
from .config import nearest
from .errors import ConfigurationError
from .findings import Safety


@cache
def _places() -> dict[str, str]:
    """The modules that hold codemods, by the codemod's name: found without importing them."""
    return {
        name.replace("_", "-"): f"{conventions.__name__}.{chapter}.{name}"
        for chapter in chapters()
        for name in _modules_in(chapter)
    }


def _modules_in(*package: str) -> list[str]:
    """The public modules and packages right in `conventions` or in a package of it.

    Looks at the folder: `pkgutil` gives the same, but imports `inspect` for it, which takes longer than all the rest.
    """
    found = set()
    for place in conventions.__path__:
        folder = os.path.join(place, *package)
        for name in os.listdir(folder):
            is_package = os.path.isfile(os.path.join(folder, name, "__init__.py"))
            if not name.startswith("_") and (is_package or name.endswith(".py")):
                found.add(name.removesuffix(".py"))
    return sorted(found)


def names() -> tuple[str, ...]:
    """The names of all codemods, sorted."""
    return tuple(sorted(_places()))


def all_codemods() -> tuple[Codemod, ...]:
    """One instance of each codemod, ordered so that each comes after those it names in `after`, else by name."""
    return in_order(_codemod_of(place) for place in _places().values())


@cache
def _codemod_of(module_name: str) -> Codemod:
    module = import_module(module_name)
    classes = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Codemod) and value.__module__ == module_name
    ]
    if len(classes) != 1:
        raise TypeError(f"{module_name} must define exactly one Codemod, it defines {len(classes)}")
    return classes[0]()


def in_order(codemods: Iterable[Codemod]) -> tuple[Codemod, ...]:
    """Sort by `after`; among codemods that do not depend on each other, by name, so that a run is reproducible."""
    by_name = {codemod.name: codemod for codemod in codemods}
    sorter = TopologicalSorter({name: [a for a in by_name[name].after if a in by_name] for name in sorted(by_name)})
    ordered: list[Codemod] = []
    try:
        sorter.prepare()
    except CycleError as error:
        raise TypeError(f"codemods want to come after each other: {' -> '.join(error.args[1])}") from None
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        ordered.extend(by_name[name] for name in ready)
        sorter.done(*ready)
    return tuple(ordered)


def get(name: str) -> Codemod:
    """The codemod of that name; a `ConfigurationError` names the nearest one when there is none."""
    place = _places().get(name)
    if place is None:
        raise ConfigurationError(f"there is no codemod {name!r}{nearest(name, names())}")
    return _codemod_of(place)


@cache
def chapters() -> tuple[str, ...]:
    """The chapters of the conventions, codemods or not: `--select errors` is no mistake while it is still empty."""
    return tuple(_modules_in())


def select(
    select: Sequence[str],
    ignore: Sequence[str],
    safety: Safety,
    options: Mapping[str, Mapping[str, object]] = MappingProxyType({}),
) -> tuple[Codemod, ...]:
    """The codemods a run is about, with their options (see `Options.codemods`); the others are not imported.

    A codemod that `select` names by its own name runs at its own safety level; one that comes by its chapter, or
    because nothing was selected, keeps to `safety`.
    """
    known = {*names(), *chapters()}
    for name in (*select, *ignore):
        if name not in known:
            raise ConfigurationError(f"there is no codemod or chapter {name!r}{nearest(name, known)}")

    def is_meant(name: str, chapter: str) -> bool:
        is_selected = not select or name in select or chapter in select
        return is_selected and name not in ignore and chapter not in ignore

    for name in options:
        if name not in _places():
            raise ConfigurationError(f"there is no codemod {name!r} to have options{nearest(name, names())}")
    meant = [_codemod_of(place) for name, place in _places().items() if is_meant(name, place.split(".")[-2])]
    meant = [codemod for codemod in meant if codemod.safety <= safety or codemod.name in select]
    chosen = {
        codemod.name: codemod.configured(options.get(codemod.name, {}), is_named=codemod.name in select)
        for codemod in meant
    }
    for codemod in list(chosen.values()):
        for switch, name in codemod.companions.items():
            if getattr(codemod.options, switch) and name not in ignore:
                chosen[name] = get(name).configured(options.get(name, {}), is_named=True)
    return in_order(chosen.values())
