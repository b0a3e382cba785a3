"""Compare the static route table with the one of the running application, on real applications.

    python scripts/real_apps.py --setup      once: downloads, and environments in which applications import
    python scripts/route_tables.py           compares all; --only NAME some; --show prints every difference

Each application is imported in its own environment (scripts/real_apps/dump_routes.py) and its routes are written
down; `fastapi_codemods.project.routes` reads the same tree without importing it. Route by route, in order, these must
be equal: kind, path, methods, name, operation id, tags, status, and the dependencies with all that they ask for. A
route that differs although the static table calls it certain is an error (exit status 1). FastAPI's own four routes
for its documentation are left out.
"""

from __future__ import annotations

import argparse
import difflib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
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
}
FIELDS = ("kind", "path", "methods", "name", "operation_id", "tags", "status", "dependencies")

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
    for application in candidates:
        home = application.file.removesuffix("/__init__.py").removesuffix(".py").replace("/", ".")
        is_home = f".{home}".endswith(f".{module}") or f".{module}".endswith(f".{home}")
        if variable and is_home and application.name.endswith(f":{variable}"):
            return application
    goal = set(wanted)
    scored = [(len(goal & {row_of_static(route) for route in a.routes}), a.name.endswith(f":{name}()"), -i, a)
              for i, a in enumerate(candidates)]  # fmt: skip
    return max(scored)[-1] if scored else None


def compared(name: str, wanted: list[Row], application: Application | None) -> Compared:
    routes = application.routes if application is not None else ()
    found = [row_of_static(route) for route in routes]
    matcher = difflib.SequenceMatcher(None, found, wanted, autojunk=False)
    equal = sum(block.size for block in matcher.get_matching_blocks())
    wrong: list[str] = []
    doubtful: list[str] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            continue
        text = "\n".join([*(f"    static  {_shown(routes[i])}" for i in range(a, b)),
                          *(f"    running {wanted[i]}" for i in range(c, d))])  # fmt: skip
        claims = any(routes[i].is_certain for i in range(a, b)) or (a == b and application is not None
                                                                  and not application.doubts)  # fmt: skip
        (wrong if claims else doubtful).append(text)
    return Compared(name, len(wanted), equal, sum(route.is_certain for route in routes), wrong, doubtful)


def _shown(route: Route) -> str:
    flags = [*(["conditional"] if route.is_conditional else []), *(["loop"] if route.is_looped else []), *route.doubts]
    return f"{row_of_static(route)} [{'; '.join(flags) or 'certain'}] {route.file}:{route.line}"


def compare(application: real_apps.Application, cache: Path) -> list[Compared]:
    dump = running(application, cache)
    root = cache / "source" / f"{application.name}-{application.version}"
    project = Project.open(root / application.only if application.only else root, target_fastapi=dump["fastapi"])
    tables = applications_of(project)
    results = []
    for name, table in dump["tables"].items():
        wanted = list(rows_of_running(table))
        results.append(compared(name, wanted, chosen(name, wanted, tables)))
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cache", type=Path, default=real_apps.CACHE)
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("--show", action="store_true", help="print every difference")
    arguments = parser.parse_args()
    total = total_equal = total_wrong = 0
    for application in real_apps.APPLICATIONS:
        if application.pins is None or (arguments.only and application.name not in arguments.only):
            continue
        results = compare(application, arguments.cache)
        routes, equal = sum(r.routes for r in results), sum(r.equal for r in results)
        wrong, doubtful = sum(len(r.wrong) for r in results), sum(len(r.doubtful) for r in results)
        total, total_equal, total_wrong = total + routes, total_equal + equal, total_wrong + wrong
        share = 100 * equal / routes if routes else 100.0
        print(
            f"{application.name:22} {len(results):4} tables {routes:5} routes {equal:5} equal {share:6.1f} %"
            f"  {sum(r.certain for r in results):5} certain  {wrong} wrong and certain, {doubtful} doubtful",
            flush=True,
        )
        if arguments.show:
            for result in results:
                for text in result.wrong:
                    print(f"  {result.name}: WRONG\n{text}")
                for text in result.doubtful:
                    print(f"  {result.name}: doubtful\n{text}")
    share = 100 * total_equal / max(total, 1)
    print(f"{total} routes, {total_equal} equal: {share:.2f} %; {total_wrong} wrong and certain")
    return 1 if total_wrong else 0


if __name__ == "__main__":
    sys.exit(main())
