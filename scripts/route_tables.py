"""Compare the static route table with the one of the running application, on real applications.

    python scripts/route_tables.py --setup   once: downloads, and environments in which applications import
    python scripts/route_tables.py           compares all; --only NAME some; --show prints every difference

Each application is imported in its own environment (scripts/real_apps/dump_routes.py) and its routes are written
down; `fastapi_codemods.project.routes` reads the same tree without importing it. Route by route, in order, these must
be equal: kind, path, methods, name, operation id, tags, status, and the dependencies with all that they ask for. A
route that differs although the static table calls it certain is an error (exit status 1). FastAPI's own four routes
for its documentation are left out.

Some routes cannot be known from a project's own source: other distributions register them, or they are read from
configuration and data files while the application runs. A route is counted as one of these if its endpoint is defined
in no module of the project, or if `NOT_IN_THE_SOURCE` names it with the cause. The share is given with and without.
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import real_apps

from fastapi_codemods.project import Project
from fastapi_codemods.project.routes import Application, DependencyUse, Route, applications_of

DUMP = real_apps.PINS / "dump_routes.py"
DOCUMENTATION = frozenset({"openapi", "swagger_ui_html", "swagger_ui_redirect", "redoc_html"})
KINDS = {
    "APIRoute": "operation",
    "APIWebSocketRoute": "websocket",
    "Route": "route",
    "WebSocketRoute": "websocket_route",
    "Mount": "mount",
    "Host": "mount",
    "Frontend": "frontend",
}
FIELDS = ("kind", "path", "methods", "name", "operation_id", "tags", "status", "dependencies")

# Applications of which only the routes are compared: what codemods do to them, `real_apps.py` does not look at.
MORE = tuple(
    real_apps.Application(name, version, "wheel", about, pins=builder, builder=builder)
    for name, version, builder, about in (
        ("apache-airflow-core", "3.3.2", "airflow", "routers of a class with its own api_route, before lazy includes"),
        ("arize-phoenix", "20.26.1", "phoenix", "router factories with parameters"),
        ("freqtrade", "2026.9", "freqtrade", "configure_app of a class"),
        ("gradio", "6.31.0", "gradio", "80 closures in a static method of a class of applications"),
        ("kedro-viz", "12.5.0", "kedro-viz", "several factories for one table"),
        ("litellm", "1.108.7", "litellm", "627 routes, one module of 19,000 lines"),
        ("lnbits", "1.6.2", "lnbits", "registers when it starts, before lazy includes"),
        ("optimade", "1.5.0", "optimade", "a router included under five prefixes"),
        ("prefect", "3.9.1", "prefect", "routers of a class with its own add_api_route"),
        ("py-ocpi", "0.3.1", "py-ocpi", "FastAPI 0.68, prefixes of settings"),
        ("rq-dashboard-fast", "0.9.2", "rq-dashboard-fast", "a subclass of FastAPI that registers in __init__"),
        ("swe-rex", "1.4.0", "swe-rex", "one module, a dependency of all routes"),
    )
)

# By application and path: routes that nothing in its source tells, and what they depend on.
NOT_IN_THE_SOURCE: Mapping[str, Sequence[tuple[str, str]]] = {
    "apache-airflow-core": [(r"/auth/", "its configuration names the class whose application is mounted")],
    "csv-server": [(r"/users", "made from the CSV files that its configuration names")],
    "fastapi-users": [(r"/auth/google/", "named after an object of httpx-oauth")],
    "litellm": [(r"(/v1)?/containers/.*/files", "read from a JSON file")],
    "quetz-server": [(r"/auth/github/", "entry points of installed distributions")],
}

Row = tuple[Any, ...]


class Compared(NamedTuple):
    """One table: how many of the running application's routes the static table has, exactly."""

    name: str
    routes: int
    equal: int
    certain: int
    wrong: list[str]
    """Differences of rows that claim to be certain."""
    doubtful: list[str]
    causes: list[str]
    """Why the static table does not know, of the differences that it does not claim to know."""
    elsewhere: list[str]
    """What routes depend on that differ and cannot be known from the source, one entry for each of them."""


def running(application: real_apps.Application, cache: Path) -> dict[str, Any]:
    python = cache / "environments" / (application.pins or "") / "bin" / "python"
    builder = application.builder or application.name
    source = cache / "source" / f"{application.name}-{application.version}"
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "routes.json")
        command = [str(python), str(DUMP), builder, str(source), str(output)]
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=real_apps.TIME_LIMIT, check=False
        )
        if not output.is_file():
            raise real_apps.RunError(f"{application.name}: {done.stderr.strip().splitlines()[-1:]}")
        found: dict[str, Any] = json.loads(output.read_text("utf-8"))
        return found


def rows_of_running(table: Sequence[dict[str, Any]]) -> Iterator[Row]:
    for route in table:
        kind = KINDS.get(route["kind"], route["kind"])
        if kind == "route" and route["name"] in DOCUMENTATION:
            continue
        yield (
            kind,
            route["path"],
            tuple(route["methods"]),
            route["name"] or "",
            route.get("operation_id") if kind == "operation" else None,
            tuple(route.get("tags", ())),
            route.get("status"),
            tuple(
                (depth, name, tuple(scopes), cached) for depth, name, scopes, cached in route.get("dependencies", ())
            ),
        )


def row_of_static(route: Route) -> Row:
    return (
        route.kind,
        route.path,
        route.methods,
        route.name or "",
        route.operation_id,
        route.tags or (),
        route.status,
        tuple(_listed(route.dependencies, 0)),
    )


def _listed(uses: Sequence[DependencyUse], depth: int) -> Iterator[tuple[int, str, tuple[str, ...], bool]]:
    for use in uses:
        yield depth, use.name, use.scopes, use.use_cache
        yield from _listed(use.dependencies, depth + 1)


def chosen(name: str, wanted: Sequence[Row], candidates: Sequence[Application]) -> Application | None:
    """The static application of that name, else the one with the most routes in common."""
    module, _, variable = name.partition(":")
    for application in reversed(candidates):  # the last one has the name in the end
        home = application.file.removesuffix("/__init__.py").removesuffix(".py").replace("/", ".")
        is_home = f".{home}".endswith(f".{module}") or f".{module}".endswith(f".{home}")
        if variable and is_home and application.name.endswith(f":{variable}"):
            return application
    goal = set(wanted)
    scored = [(len(goal & {row_of_static(route) for route in a.routes}), a.name.endswith(f":{name}()"), -i, a)
              for i, a in enumerate(candidates)]  # fmt: skip
    return max(scored)[-1] if scored else None


def compared(
    name: str, wanted: list[Row], application: Application | None, elsewhere: Sequence[str | None] = ()
) -> Compared:
    """`elsewhere` holds for each wanted row what it depends on if that is not in the source."""
    routes = application.routes if application is not None else ()
    found = [row_of_static(route) for route in routes]
    matcher = difflib.SequenceMatcher(None, found, wanted, autojunk=False)
    equal = sum(block.size for block in matcher.get_matching_blocks())
    result = Compared(name, len(wanted), equal, sum(route.is_certain for route in routes), [], [], [], [])
    displaced = [
        found[i]
        for tag, a, b, _, _ in matcher.get_opcodes()
        if tag != "equal"
        for i in range(a, b)
        if not routes[i].is_certain
    ]
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            continue
        shown = [
            *(f"    static  {_shown(route)}" for route in routes[a:b]),
            *(f"    running {row}" for row in wanted[c:d]),
        ]
        result.elsewhere.extend(cause for cause in elsewhere[c:d] if cause)
        causes = [note for route in routes[a:b] for note in notes_of(route)]
        if a == b and application is not None:
            causes = list(application.doubts)
            if not causes and all(row in displaced for row in wanted[c:d]):
                causes = ["in another order"]
        if any(route.is_certain for route in routes[a:b]) or not causes:
            result.wrong.append("\n".join(shown))
        else:
            result.doubtful.append("\n".join(shown))
            result.causes.extend(dict.fromkeys(causes))
    return result


def notes_of(route: Route) -> list[str]:
    flags = [("conditional", route.is_conditional), ("in a loop", route.is_looped and route.is_conditional)]
    return [*(name for name, is_so in flags if is_so), *route.doubts]


def _shown(route: Route) -> str:
    return f"{row_of_static(route)} [{'; '.join(notes_of(route)) or 'certain'}] {route.file}:{route.line}"


def compare(application: real_apps.Application, cache: Path) -> list[Compared]:
    dump = running(application, cache)
    root = cache / "source" / f"{application.name}-{application.version}"
    project = Project.open(root / application.only if application.only else root, target_fastapi=dump["fastapi"])
    tables = applications_of(project)
    results = []
    for name, table in dump["tables"].items():
        wanted = list(rows_of_running(table))
        causes = list(causes_elsewhere(application.name, project, table))
        results.append(compared(name, wanted, chosen(name, wanted, tables), causes))
    return results


def causes_elsewhere(name: str, project: Project, table: Sequence[dict[str, Any]]) -> Iterator[str | None]:
    """For each row of `rows_of_running`, what it depends on if the project's source does not tell."""
    for route in table:
        if KINDS.get(route["kind"]) == "route" and route["name"] in DOCUMENTATION:
            continue
        listed = (cause for pattern, cause in NOT_IN_THE_SOURCE.get(name, ()) if re.match(pattern, route["path"]))
        module = route.get("module")
        if (cause := next(listed, None)) is not None:
            yield cause
        elif module is not None and not is_of_project(module, project):
            yield f"registered by `{module.partition('.')[0]}`"
        else:
            yield None


def is_of_project(module: str, project: Project) -> bool:
    stem = "/" + module.replace(".", "/")
    return any(f"/{path}".endswith((f"{stem}.py", f"{stem}/__init__.py")) for path in project.known_paths)


def page(rows: Sequence[tuple[str, list[Compared]]]) -> str:
    """The results as Markdown."""
    lines = [
        "# Route tables",
        "",
        "Written by `python scripts/route_tables.py --output docs/route-tables.md`. The table that",
        "`fastapi-codemods routes` reads from the source, against the one of the running application, route by route",
        "and in order: kind, path, methods, name, operation id, tags, status and the tree of dependencies. *Wrong* is",
        "a route that differs though the table calls it certain. *Not in the source* are those that differ and that",
        "no reading of the project's own source can tell; the share of the others leaves them out.",
        "",
        "| application | tables | routes | equal | | not in the source | of the others | called certain | wrong |",
        "|---|---|---|---|---|---|---|---|---|",
        *(_line(name, results) for name, results in rows),
        _line("all", [result for _, results in rows for result in results]).replace("| all |", "| **all** |"),
        "",
        "## What differs",
        "",
    ]
    for name, results in rows:
        elsewhere = Counter(cause for result in results for cause in result.elsewhere)
        causes = list(dict.fromkeys(cause for r in results for cause in r.causes))
        parts = [f"{cause} ({count})" for cause, count in elsewhere.items()]
        if causes:
            parts.append("the table says: " + "; ".join(causes))
        if parts:
            lines.append(f"- {name}: {'. '.join(parts)}")
    return "\n".join(lines) + "\n"


def _line(name: str, results: Sequence[Compared]) -> str:
    routes, equal = sum(r.routes for r in results), sum(r.equal for r in results)
    elsewhere = sum(len(r.elsewhere) for r in results)
    others = routes - elsewhere
    return (
        f"| {name} | {len(results)} | {routes} | {equal} | {100 * equal / max(routes, 1):.1f} %"
        f" | {elsewhere or ''} | {100 * equal / max(others, 1):.1f} %"
        f" | {sum(r.certain for r in results)} | {sum(len(r.wrong) for r in results)} |"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cache", type=Path, default=real_apps.CACHE)
    parser.add_argument("--setup", action="store_true", help="download, and make the environments; then stop")
    parser.add_argument("--archives", type=Path, help="folder with distributions that need not be downloaded")
    parser.add_argument("--python", default=sys.executable, help="the Python to make environments with")
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("--show", action="store_true", help="print every difference")
    parser.add_argument("--output", type=Path, help="write the page of the documentation")
    arguments = parser.parse_args()
    rows: list[tuple[str, list[Compared]]] = []
    chosen_ones = [
        application
        for application in (*real_apps.APPLICATIONS, *MORE)
        if application.pins is not None and (not arguments.only or application.name in arguments.only)
    ]
    if arguments.setup:
        real_apps.set_up(chosen_ones, arguments)
        return 0
    for application in chosen_ones:
        results = compare(application, arguments.cache)
        rows.append((f"{application.name} {application.version}", results))
        if arguments.show:
            for result in results:
                for what, texts in (("WRONG", result.wrong), ("doubtful", result.doubtful)):
                    for text in texts:
                        print(f"{application.name} {result.name}: {what}\n{text}")
    text = page(rows)
    if arguments.output is not None:
        arguments.output.write_text(text, "utf-8")
    print(text)
    return 1 if any(r.wrong for _, results in rows for r in results) else 0


if __name__ == "__main__":
    sys.exit(main())
