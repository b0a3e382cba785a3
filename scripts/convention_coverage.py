"""Which codemods and checks answer to each convention, with what they find in real applications.

    python scripts/convention_coverage.py --check            every codemod stands in the table, every row has one
    python scripts/convention_coverage.py --write FOLDER...  docs/conventions.md, with counts from these applications

The conventions are the chapters of FastAPI's own guide and of the style that teams agree on; a row is one of them.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from fastapi_codemods import pipeline, registry
from fastapi_codemods.config import Options
from fastapi_codemods.findings import Safety

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "conventions.md"
FIXTURES = ROOT / "tests" / "fixtures"


class Row(NamedTuple):
    chapter: str
    convention: str
    codemods: str
    """Names, with spaces between."""


ROWS = (
    Row(
        "Routing",
        "Routers by domain instead of one giant router",
        "split-router giant-router hoist-router-prefix hoist-router-tags hoist-router-dependencies"
        " move-include-args-to-router",
    ),
    Row(
        "Routing",
        "Thin handlers that call services",
        "extract-service-function fat-handler",
    ),
    Row(
        "Routing",
        "REST semantics: methods, status codes, resource paths",
        "rest-no-content rest-created verb-in-path get-that-writes split-multi-method-route"
        " api-route-to-method-decorator route-shadowing unused-path-parameter",
    ),
    Row(
        "Models",
        "Models for requests and responses",
        "request-json-to-model dict-body-to-model query-params-to-model request-params-to-parameters"
        " rootmodel-body remove-ellipsis-required",
    ),
    Row(
        "Models",
        "No raw dicts where a model exists or is expected",
        "wrap-dict-returns return-dict-to-model orm-object-returned redundant-response-model"
        " response-model-to-annotation annotation-to-response-model remove-orjson-response",
    ),
    Row(
        "Models",
        "Focused models",
        "mega-model",
    ),
    Row(
        "Models",
        "Other models for input than for output",
        "split-input-output-model secret-in-response",
    ),
    Row(
        "Dependencies",
        "`Depends` for what many handlers need",
        "depends-to-annotated annotated-dependency-alias call-to-dependency inline-session-to-dependency"
        " repeated-check",
    ),
    Row(
        "Dependencies",
        "Small dependencies that can be composed",
        "oversized-dependency unused-dependency-to-decorator dependency-leaks-parameters depends-in-body"
        " yield-swallows-exception commit-after-yield session-held-by-stream duplicate-session-provider",
    ),
    Row(
        "Dependencies",
        "Injection instead of hidden globals",
        "global-to-dependency helper-global-to-parameter environment-to-settings handler-rebinds-global"
        " patch-to-dependency-override",
    ),
    Row(
        "Errors",
        "Validation at the boundary",
        "inline-check-to-constraint validation-handler-jsonable",
    ),
    Row(
        "Errors",
        "`HTTPException` with the right status for what clients do wrong",
        "jsonresponse-error-to-httpexception error-dict-to-httpexception flask-style-tuple"
        " return-httpexception-to-raise reraise-http-exception status-literal-to-constant"
        " rename-deprecated-status",
    ),
    Row(
        "Errors",
        "One shape of errors, and no internals in them",
        "normalize-error-envelope sanitize-exception-detail http-exception-handler-base-class"
        " chain-exception-cause document-error-responses",
    ),
    Row(
        "Concurrency",
        "`async def` for I/O, and nothing that blocks in it",
        "blocking-in-async sync-client-to-async time-sleep-to-asyncio-sleep thread-bound-object",
    ),
    Row(
        "Concurrency",
        "Blocking calls in the thread pool, as the project does it",
        "wrap-blocking-call async-handler-to-def executor-to-threadpool",
    ),
    Row(
        "Concurrency",
        "One style of handlers",
        "mixed-async-style",
    ),
    Row(
        "Background tasks",
        "`BackgroundTasks` for light work after the response",
        "add-task-called-function create-task-to-background-tasks thread-to-background-tasks keep-task-reference",
    ),
    Row(
        "Background tasks",
        "Heavy work somewhere else",
        "heavy-background-task",
    ),
    Row(
        "Middleware",
        "Middleware for cross-cutting concerns, sparingly",
        "many-middlewares middleware-list",
    ),
    Row(
        "Middleware",
        "Fast and deterministic middleware",
        "middleware-blocking io-in-middleware pure-asgi-middleware middleware-http-exception",
    ),
    Row(
        "Middleware",
        "The order of middleware",
        "middleware-order",
    ),
    Row(
        "Security",
        "The project's way to authenticate",
        "manual-auth-to-dependency unprotected-sibling",
    ),
    Row(
        "Security",
        "The schemes of `fastapi.security`",
        "manual-bearer-to-security",
    ),
    Row(
        "Security",
        "Tokens and credentials stay on the server",
        "hardcoded-secret secret-in-log secret-in-url constant-time-compare cors-credentials-wildcard"
        " insecure-cookie jwt-without-algorithms tls-verification-disabled",
    ),
    Row(
        "OpenAPI",
        "Consistent operation ids, tags and response models",
        "add-missing-tags consistent-tag-case dedupe-tags duplicate-operation-id mixed-operation-ids"
        " missing-response-model rename-handler docstring-vs-comment",
    ),
    Row(
        "OpenAPI",
        "The schema stays enabled",
        "schema-disabled restore-schema",
    ),
    Row(
        "Consistency",
        "One way to make routers, dependencies, errors and the application",
        "application-made-twice on-event-to-lifespan mixed-http-clients",
    ),
    Row(
        "Consistency",
        "No second web framework",
        "second-web-framework",
    ),
    Row(
        "Old code",
        "What newer releases of FastAPI and Starlette changed",
        "app-route-to-add-route deprecated-api example-to-examples fastapi-removed-app-kwargs"
        " iter-route-contexts param-extra-kwargs-to-json-schema-extra query-regex-to-pattern"
        " template-response-signature",
    ),
    Row(
        "Old code",
        "What Pydantic 2 changed",
        "pydantic-v1-methods pydantic-v1-config pydantic-v1-validators pydantic-v1-field-arguments"
        " base-settings-import",
    ),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="only say what is missing from the table")
    parser.add_argument("--write", nargs="+", metavar="FOLDER", type=Path, help="applications to count findings in")
    arguments = parser.parse_args()
    problems = missing()
    for problem in problems:
        print(problem)
    if problems or arguments.check or not arguments.write:
        return 1 if problems else 0
    PAGE.write_text(page(arguments.write), "utf-8")
    return 0


def missing() -> list[str]:
    """What the table does not say, or says of codemods that do not exist."""
    known = set(registry.names())
    named = [name for row in ROWS for name in row.codemods.split()]
    return [
        *(f"{row.convention}: no codemod" for row in ROWS if not row.codemods.split()),
        *(f"{name}: there is no such codemod" for name in sorted(set(named) - known)),
        *(f"{name}: answers to no convention" for name in sorted(known - set(named))),
        *(f"{name}: has no fixture" for name in sorted(known) if not (FIXTURES / name / "example").is_dir()),
    ]


def page(folders: list[Path]) -> str:
    counts = {folder: _findings(folder) for folder in folders}
    heads = [folder.name.removesuffix("-with-data") for folder in folders]
    lines = [
        "# Conventions and what answers to them",
        "",
        "<!-- generated by scripts/convention_coverage.py -->",
        "",
        "Every convention with its codemods and checks, and how many findings each has in real applications, those",
        "included that are left alone. All codemods were selected by name, so contracts and opt-in ones count too.",
        "Cases are the folders in `tests/fixtures`; those that must not change anything in parentheses.",
        "",
    ]
    chapter = ""
    for row in ROWS:
        if row.chapter != chapter:
            chapter = row.chapter
            lines += [f"## {chapter}", ""]
        lines += [
            f"### {row.convention}",
            "",
            f"| Codemod | Safety | Cases | {' | '.join(heads)} |",
            f"|---|---|---|{'---|' * len(heads)}",
        ]
        for name in row.codemods.split():
            cases = [case for case in (FIXTURES / name).iterdir() if case.is_dir()]
            still = sum(not any(case.glob("after*")) for case in cases)
            found = " | ".join(str(counts[folder][name]) for folder in folders)
            level = registry.get(name).safety.label
            lines.append(f"| [{name}](codemods/{name}.md) | {level} | {len(cases)} ({still}) | {found} |")
        lines.append("")
    return "\n".join(lines)


def _findings(folder: Path) -> Counter[str]:
    options = Options(select=registry.names(), safety=Safety.UNSAFE, cache=False)
    checked = pipeline.check(folder.resolve(), (), options)
    return Counter(finding.codemod for finding in checked.findings)


if __name__ == "__main__":
    sys.exit(main())
