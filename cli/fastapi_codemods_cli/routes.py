"""`routes`: the effective route table of every application, as a table, JSON or CSV.

docs/json.md explains the document, docs/routes.schema.json is its schema.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from fastapi_codemods.parallel import without_garbage_collection
from fastapi_codemods.pipeline import open_project, prefixes_of
from fastapi_codemods.project.routes import applications_of

from . import progress, terminal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from fastapi_codemods.config import Options
    from fastapi_codemods.project.routes import Application, DependencyUse, Route

VERSION = 1
"""Grows when a field changes its meaning or goes away; new fields do not change it."""

TITLES = ("Methods", "Path", "Name", "Tags", "Dependencies", "Place", "Notes")
COLUMNS = (
    "application", "kind", "methods", "path", "name", "operation_id", "tags", "status", "response_model",
    "response_class", "include_in_schema", "endpoint", "dependencies", "file", "line", "certain", "notes",
)  # fmt: skip


def show(root: Path, paths: Sequence[Path], options: Options, form: str) -> None:
    """Print the routes of the applications that are made in `paths`, or have routes registered there."""
    with progress.shown() as report_progress, without_garbage_collection():
        project = open_project(root, options, report_progress)
        prefixes = prefixes_of(root, paths)
        found = [application for application in applications_of(project) if _is_within(application, prefixes)]
    if form == "json":
        terminal.write(document(found))
    elif form == "csv":
        terminal.write(table(found))
    else:
        for application in found:
            _show_text(application)
    for skipped in project.skipped:
        terminal.note(f"skipped {skipped.path}: {skipped.reason}")
    certain = sum(route.is_certain for application in found for route in application.routes)
    total = sum(len(application.routes) for application in found)
    applications = sum(not application.is_router for application in found)
    terminal.note(f"{total} routes in {applications} applications, {certain} of them certain")


def _is_within(application: Application, prefixes: Sequence[str]) -> bool:
    files = {application.file, *(route.file for route in application.routes)}
    return any(not p or file == p or file.startswith(p + "/") for p in prefixes for file in files)


# --- text


def _show_text(application: Application) -> None:
    what = "router of no application: " if application.is_router else ""
    terminal.write(terminal.printable(f"{what}{application.name}  ({application.file}:{application.line})") + "\n")
    for doubt in application.doubts:
        terminal.write(f"  {terminal.printable(doubt)}\n")
    rows = [tuple(map(terminal.printable, _row(route))) for route in application.routes]
    if terminal.is_terminal(sys.stdout):
        from . import rich_text

        rich_text.print_table(TITLES, rows)
    else:
        terminal.write(terminal.aligned([TITLES, *rows], indent="  "))
    terminal.write("\n")


def _row(route: Route) -> tuple[str, ...]:
    methods = ",".join(route.methods) or {"mount": "MOUNT", "unknown": "?"}.get(route.kind, "WS")
    dependencies = " ".join(use.name for use in route.in_execution_order)
    tags = ",".join(route.tags) if route.tags is not None else "?"
    path = route.path if route.path is not None else "?"
    return methods, path, route.name or "", tags, dependencies, f"{route.file}:{route.line}", "; ".join(_notes(route))


def _notes(route: Route) -> Iterator[str]:
    if route.is_conditional:
        yield "conditional"
    if route.is_looped:
        yield "in a loop"
    yield from route.doubts


# --- JSON and CSV


def document(applications: Sequence[Application]) -> str:
    """The document as ASCII text, one route a line."""
    parts = []
    for application in applications:
        routes = ",\n".join(json.dumps(_route(route)) for route in application.routes)
        head = {
            "name": application.name,
            "file": application.file,
            "line": application.line,
            "is_router": application.is_router,
            "notes": application.doubts,
        }
        parts.append(f'{json.dumps(head)[:-1]}, "routes": [\n{routes}\n]}}')
    inner = ",\n".join(parts)
    return f'{{"version": {VERSION}, "applications": [\n{inner}\n]}}\n'


def _route(route: Route) -> dict[str, Any]:
    return {
        "kind": route.kind,
        "methods": route.methods,
        "path": route.path,
        "name": route.name,
        "operation_id": route.operation_id,
        "tags": route.tags,
        "status": route.status,
        "response_model": route.response_model,
        "response_class": route.response_class,
        "include_in_schema": route.include_in_schema,
        "endpoint": route.endpoint,
        "is_async": route.is_async,
        "dependencies": [_dependency(use) for use in route.dependencies],
        "file": route.file,
        "line": route.line,
        "conditional": route.is_conditional,
        "looped": route.is_looped,
        "certain": route.is_certain,
        "notes": route.doubts,
    }


def _dependency(use: DependencyUse) -> dict[str, Any]:
    return {
        "name": use.name,
        "file": use.path,
        "line": use.line,
        "scopes": use.scopes,
        "scope": use.scope,
        "use_cache": use.use_cache,
        "dependencies": [_dependency(inner) for inner in use.dependencies],
    }


def table(applications: Sequence[Application]) -> str:
    """CSV with a header, RFC 4180 but for the line ends; lists are separated by spaces."""
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for application in applications:
        for route in application.routes:
            row = {
                **_route(route),
                "application": application.name,
                "methods": " ".join(route.methods),
                "tags": " ".join(route.tags or ()),
                "dependencies": " ".join(use.name for use in route.in_execution_order),
                "notes": "; ".join(_notes(route)),
            }
            cells = ("" if row[column] is None else str(row[column]) for column in COLUMNS)
            writer.writerow(map(terminal.printable, cells))
    return text.getvalue()
