"""`profile`: how the codebase is written, as a table or as JSON.

docs/json.md explains the document, docs/profile.schema.json is its schema.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from fastapi_codemods.parallel import without_garbage_collection
from fastapi_codemods.pipeline import open_project, prefixes_of
from fastapi_codemods.project.profile import profile_of
from fastapi_codemods.project.versions import NEWEST, spelled

from . import progress, terminal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from fastapi_codemods.config import Options
    from fastapi_codemods.findings import Skipped
    from fastapi_codemods.project.profile import Convention, Profile, Variant
    from fastapi_codemods.project.versions import Release, Versions

VERSION = 1
"""Grows when a field changes its meaning or goes away; new fields do not change it."""

SHOWN = 6
"""Variants of each convention in the table; JSON has them all."""

TITLES = ("Convention", "Follow", "Variant", "Count", "Share", "Places")


def show(root: Path, paths: Sequence[Path], options: Options, form: str) -> None:
    """Print the profile of the files and folders `paths`."""
    with progress.shown() as report_progress, without_garbage_collection():
        project = open_project(root, options, report_progress)
        profile = profile_of(project, prefixes_of(root, paths))
    if form == "json":
        terminal.write(document(profile, project.skipped))
    else:
        _show_text(profile)
    for skipped in project.skipped:
        terminal.note(f"skipped {skipped.path}: {skipped.reason}")


# --- text


def _show_text(profile: Profile) -> None:
    versions = "".join(f"{line}\n" for line in _version_lines(profile.versions))
    rows = [row for convention in profile.conventions for row in _rows(convention)]
    if terminal.is_terminal(sys.stdout):
        from . import rich_text

        terminal.write(f"{versions}\n")
        rich_text.print_table(TITLES, rows)
        return
    terminal.write(f"{versions}\n{terminal.aligned([TITLES, *rows])}")


def _version_lines(versions: Versions) -> Iterator[str]:
    for name, entry in _versions(versions).items():
        if entry["lower_bound"] is None:
            yield f"{name}: no lower bound"
        else:
            yield f"{name} >= {entry['lower_bound']} ({terminal.printable(str(entry['source']))})"


def _rows(convention: Convention) -> Iterator[tuple[str, ...]]:
    follow = convention.follow or "as it is"
    follow += " (established)" if convention.established else ""
    if not convention.variants:
        yield convention.name, follow, "none seen", "", "", ""
    for index, variant in enumerate(convention.variants[:SHOWN]):
        name = convention.name if index == 0 else ""
        yield (name, terminal.printable(follow) if index == 0 else "", *_cells(variant))
    if others := convention.variants[SHOWN:]:
        share = f"{sum(variant.share for variant in others):.0%}"
        yield "", "", f"and {len(others)} more", str(sum(variant.number for variant in others)), share, ""


def _cells(variant: Variant) -> tuple[str, str, str, str]:
    places = " ".join(terminal.printable(str(place)) for place in variant.places)
    return terminal.printable(variant.name), str(variant.number), f"{variant.share:.0%}", places


# --- JSON


def document(profile: Profile, skipped: Sequence[Skipped]) -> str:
    """The document as ASCII text, one convention a line."""
    conventions = ",\n".join(json.dumps(_convention(convention)) for convention in profile.conventions)
    left_out = [{"path": item.path, "reason": item.reason} for item in skipped]
    parts = [
        f'"version": {VERSION}',
        f'"versions": {json.dumps(_versions(profile.versions))}',
        f'"conventions": [\n{conventions}\n]',
        f'"skipped": {json.dumps(left_out)}',
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _versions(versions: Versions) -> dict[str, dict[str, str | None]]:
    return {
        "fastapi": _bound(versions.fastapi, versions.fastapi_source),
        "starlette": _bound(versions.starlette, versions.starlette_source),
        "pydantic": _bound(versions.pydantic, versions.pydantic_source),
        "python": _bound(versions.python, versions.python_source),
    }


def _bound(release: Release, source: str) -> dict[str, str | None]:
    if release == NEWEST:
        return {"lower_bound": None, "source": None}
    return {"lower_bound": spelled(release), "source": source}


def _convention(convention: Convention) -> dict[str, object]:
    return {
        "name": convention.name,
        "unit": convention.unit,
        "observations": convention.observations,
        "established": convention.established,
        "follow": convention.follow,
        "default": convention.default,
        "variants": [
            {
                "name": variant.name,
                "count": variant.number,
                "share": round(variant.share, 4),
                "places": [{"path": place.path, "line": place.line} for place in variant.places],
            }
            for variant in convention.variants
        ],
    }
