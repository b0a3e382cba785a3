"""The conventions: for each what is counted, and what a codemod follows where the project has not made up its mind."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from http import HTTPStatus

from ..index import Module, Project, Symbol
from ..model import Argument
from ..reader import dotted
from .evidence import (
    EXECUTOR,
    HTTP_EXCEPTIONS,
    THREADPOOL_HELPERS,
    Evidence,
    Route,
    Router,
    bases_of,
    is_response,
)
from .mentions import Text, argument
from .model import Observation, Place, Profile, convention

ANNOTATED_SINCE = (0, 95)
UNIONS_SINCE = (3, 10)
SUBSCRIPTED_BUILTINS_SINCE = (3, 9)

QUEUES = ("arq", "celery", "dramatiq", "huey", "procrastinate", "rq", "taskiq")


def profile_of(project: Project, within: Sequence[str] = ("",)) -> Profile:
    """The profile of the project, or of its files and folders `within`; tests are no evidence."""
    evidence = Evidence(project, within)
    versions = project.versions
    annotated = versions.supports_fastapi(ANNOTATED_SINCE)
    unions = versions.supports_python(UNIONS_SINCE)
    subscripted = versions.supports_python(SUBSCRIPTED_BUILTINS_SINCE)
    queue = list(_queues(evidence))
    background = convention("background_work", "modules that import it", [*queue, *_background_tasks(evidence)])
    follow = max((v for v in background.variants if v.name in QUEUES), key=lambda v: v.number, default=None)
    background = background._replace(follow=follow.name if follow else "BackgroundTasks", default="BackgroundTasks")
    return Profile(
        versions,
        (
            convention(
                "parameter_style",
                "parameters with Depends, Query and the like",
                _parameter_style(evidence),
                "Annotated" if annotated else "default value",
            ),
            convention("alias_names", "aliases of Annotated[..., Depends(...)]", _alias_names(evidence), "<Type>Dep"),
            convention("response_declaration", "HTTP handlers that declare a response", _responses(evidence)),
            convention("status_codes", "status codes given", _status_codes(evidence)),
            convention("status_import", "status codes given by name", _status_imports(evidence)),
            convention("error_style", "errors raised or returned", _errors(evidence), "HTTPException(str)"),
            convention("error_envelope", "contents in exception handlers", _envelopes(evidence), "detail"),
            convention("tags_place", "routers with tags", _tags_place(evidence), "APIRouter"),
            convention("tags_case", "different tags", _tags_case(evidence)),
            convention("prefix_place", "routers with a prefix", _prefix_place(evidence), "APIRouter"),
            convention("version_prefix", "paths and prefixes with a version", _version_prefix(evidence)),
            convention("trailing_slash", "paths that end in no parameter", _trailing_slash(evidence)),
            convention("layout", "modules that define routes", _layout(evidence), "routers/<feature>.py"),
            convention("model_place", "models that modules with routes import", _model_place(evidence)),
            convention("router_variable", "APIRouter instances", _router_variable(evidence), "router"),
            convention("app_creation", "FastAPI instances", _app_creation(evidence)),
            convention("entry_point", "files that start the application", _entry_points(evidence)),
            convention("async_handlers", "HTTP handlers", _async_handlers(evidence)),
            convention(
                "threadpool_helper",
                "calls",
                _threadpool(evidence),
                "fastapi.concurrency.run_in_threadpool",
            ),
            convention("db_session", "places that inject a session", _db_sessions(evidence)),
            background,
            convention("lifespan", "applications and event handlers", _lifespan(evidence), "lifespan"),
            convention("operation_ids", "places that set one", _operation_ids(evidence), "default ids"),
            convention("auth", "places that ask who calls", _auth(evidence)),
            convention(
                "optional_types",
                "annotations in modules that use FastAPI",
                _optional_types(evidence),
                "X | None" if unions else "Optional[X]",
            ),
            convention(
                "collection_types",
                "annotations in modules that use FastAPI",
                _collection_types(evidence),
                "list[X]" if subscripted else "List[X]",
            ),
        ),
    )


# --- parameters and responses


def _parameter_style(evidence: Evidence) -> Iterator[Observation]:
    for marked in evidence.marked:
        yield "Annotated" if marked.is_annotated else "default value", marked.place


def _alias_names(evidence: Evidence) -> Iterator[Observation]:
    for mention, name in evidence.aliases.values():
        if mention.symbol.name in ("fastapi.Depends", "fastapi.Security"):
            statement = mention.module.facts.statements[mention.text.statement(mention.start)]
            yield _alias_style(name), Place(mention.module.path, statement.line)


def _alias_style(name: str) -> str:
    if name == name.lower():
        return "lower_case"
    for suffix in ("Depends", "Dependency", "Dep"):
        if name.endswith(suffix):
            return f"<Type>{suffix}"
    return "<Type>"


def _responses(evidence: Evidence) -> Iterator[Observation]:
    for module, function, routes in evidence.handlers:
        if all(route.is_websocket for route in routes):
            continue
        models = [given for route in routes if (given := route.call.argument("response_model"))]
        if any(routes[0].module.code(given.span) == "None" for given in models):
            continue  # says that there is none
        if models and function.returns is not None:
            yield "response_model and return annotation", Place(module.path, function.line)
        elif models:
            yield "response_model", Place(module.path, function.line)
        elif function.returns is not None:
            yield "return annotation", Place(module.path, function.line)


# --- status codes and errors


def _given_status(evidence: Evidence) -> Iterator[tuple[ast.expr, Place, Text, int]]:
    """The value of each `status_code`, where it stands and how to resolve names in it."""
    for route in evidence.routes:
        given = route.call.argument("status_code")
        if given is not None:
            text = evidence.text(route.module)
            start = given.span.start
            yield route.module.expression(given.span), Place(route.module.path, text.line(start)), text, start
    for mention in evidence.mentions:
        position = 0 if mention.symbol.name in HTTP_EXCEPTIONS else 1 if is_response(mention.symbol) else None
        if position is not None and (value := mention.argument(position, "status_code")) is not None:
            yield value, mention.place, mention.text, mention.start


def _named_status(value: ast.expr, text: Text, offset: int) -> Symbol | None:
    written = dotted(value).removesuffix(".value")
    return text.meaning(written, offset) if written else None


def _status_codes(evidence: Evidence) -> Iterator[Observation]:
    for value, place, text, offset in _given_status(evidence):
        if isinstance(value, ast.Constant) and isinstance(value.value, int):
            yield "integer", place
        elif (symbol := _named_status(value, text, offset)) is not None and symbol.path is None:
            if _STATUS_CONSTANT.fullmatch(symbol.name):
                yield "status constant", place
            elif symbol.name.startswith("http.HTTPStatus."):
                yield "HTTPStatus", place


_STATUS_CONSTANT = re.compile(r"(fastapi|starlette)\.status\.HTTP_(\d\d\d)_\w+")


def _status_imports(evidence: Evidence) -> Iterator[Observation]:
    for value, place, text, offset in _given_status(evidence):
        symbol = _named_status(value, text, offset)
        if symbol is None or symbol.path is not None:
            continue
        written = dotted(value)
        if match := _STATUS_CONSTANT.fullmatch(symbol.name):
            package = match.group(1)
            if "." in written:
                yield f"from {package} import status", place
            else:
                yield f"from {package}.status import HTTP_...", place
        elif symbol.name.startswith("http.HTTPStatus."):
            yield "from http import HTTPStatus", place


def _errors(evidence: Evidence) -> Iterator[Observation]:
    for mention in evidence.mentions_of(*HTTP_EXCEPTIONS):
        yield _detail_style(mention.argument(1, "detail")), mention.place
    names = evidence.exception_names
    helpers = _error_helpers(evidence)
    raisable = names | {symbol.name for symbol in helpers}
    if raisable:

        def wanted(symbol: Symbol) -> bool:
            return symbol in helpers or evidence.is_project_exception(symbol)

        for text in evidence.texts:
            for mention in text.raised(raisable, wanted):
                yield "helper function" if mention.symbol in helpers else "project exception", mention.place
    bodies = [
        (module.path, first_line + node.lineno - 1, first_line + (node.end_lineno or node.lineno) - 1)
        for _, module, node, first_line in evidence.bodies_of_exception_handlers
        if node is not None
    ]
    for mention in evidence.mentions:
        if is_response(mention.symbol) and mention.symbol.name.endswith("JSONResponse"):
            path, line = mention.place
            if any(path == p and first <= line <= last for p, first, last in bodies):
                continue
            value = mention.argument(1, "status_code")
            if value is not None and (status := _status_number(value, mention.text, mention.start)) and status >= 400:
                yield "JSONResponse", mention.place


def _status_number(value: ast.expr, text: Text, offset: int) -> int | None:
    if isinstance(value, ast.Constant):
        return value.value if isinstance(value.value, int) else None
    symbol = _named_status(value, text, offset)
    if symbol is None or symbol.path is not None:
        return None
    if match := _STATUS_CONSTANT.fullmatch(symbol.name):
        return int(match.group(2))
    member = symbol.name.removeprefix("http.HTTPStatus.")
    return HTTPStatus[member].value if member in HTTPStatus.__members__ else None


def _detail_style(detail: ast.expr | None) -> str:
    match detail:
        case None:
            return "HTTPException without detail"
        case ast.Constant(value=str()) | ast.JoinedStr() | ast.Call(func=ast.Name(id="str")):
            return "HTTPException(str)"
        case ast.BinOp(left=ast.Constant(value=str()) | ast.JoinedStr()) | ast.BinOp(right=ast.Constant(value=str())):
            return "HTTPException(str)"
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str()))):
            return "HTTPException(str)"
        case ast.Dict():
            keys = [key.value for key in detail.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
            return f"HTTPException(dict: {', '.join(keys)})"
        case ast.List():
            return "HTTPException(list)"
        case _:
            return "HTTPException(computed)"


def _error_helpers(evidence: Evidence) -> frozenset[Symbol]:
    """Functions of the project that make an HTTPException for others to raise."""
    helpers = set()
    for mention in evidence.mentions_of(*HTTP_EXCEPTIONS):
        index = mention.text.statement(mention.start)
        if index < 0 or mention.module.facts.statements[index].word != "def":
            continue
        before = mention.text.masked.rfind("\n", 0, mention.start)
        if mention.text.masked[before : mention.start].strip() == "return" and (
            match := _FUNCTION.match(mention.text.masked, mention.module.facts.statements[index].start)
        ):
            helpers.add(Symbol(mention.module.path, match.group(1)))
    return frozenset(helpers)


_FUNCTION = re.compile(r"\f*def[ \t]+(\w+)")


def _envelopes(evidence: Evidence) -> Iterator[Observation]:
    for _, module, body, first_line in evidence.bodies_of_exception_handlers:
        if body is None or not evidence.counts(module.path):
            continue
        for node in ast.walk(body):
            if isinstance(node, ast.Call):
                symbol = evidence.project.resolve(module, dotted(node.func))
                if symbol is None or not is_response(symbol) or not symbol.name.endswith("JSONResponse"):
                    continue
                content = argument(node, 0, "content")
                if isinstance(content, ast.Call) and dotted(content.func).endswith("jsonable_encoder") and content.args:
                    content = content.args[0]
                if content is not None:
                    yield _keys(content), Place(module.path, first_line + node.lineno - 1)


def _keys(content: ast.expr) -> str:
    if not isinstance(content, ast.Dict):
        return "computed"
    keys = [
        key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else "..." for key in content.keys
    ]
    return ", ".join(keys) or "empty"


# --- tags, prefixes, paths


def _values_of(module: Module, given: Argument) -> list[ast.expr]:
    node = module.expression(given.span)
    return node.elts if isinstance(node, ast.List | ast.Tuple | ast.Set) else []


def _includes(evidence: Evidence) -> Iterator[tuple[Module, Argument | None, Argument | None, Place, Router | None]]:
    """`tags` and `prefix` of each `include_router`, and what is included."""
    for module in evidence.modules:
        for call in module.facts.calls:
            if call.method == "include_router":
                positional = call.call.positional
                given = call.call.argument("router") or (positional[0] if positional else None)
                written = module.code(given.span) if given is not None else ""
                included = (
                    evidence.router_of(module, written, call.scopes) if re.fullmatch(r"[\w.]+", written) else None
                )
                place = Place(module.path, call.line)
                yield module, call.call.argument("tags"), call.call.argument("prefix"), place, included


def _tags(evidence: Evidence) -> Iterator[tuple[str, Module, Argument, Place, object]]:
    """Where it is given, and for what."""
    for router in evidence.counted_routers(applications=False):
        if given := router.assignment.call.argument("tags"):
            yield "APIRouter", router.module, given, router.place, router.place
    for module, tags, _, place, _ in _includes(evidence):
        if tags is not None:
            yield "include_router", module, tags, place, place
    for route in evidence.routes:
        if given := route.call.argument("tags"):
            yield "route decorator", route.module, given, route.place, route.receiver


def _tags_place(evidence: Evidence) -> Iterator[Observation]:
    seen = set()
    for variant, _, _, place, owner in _tags(evidence):
        if (variant, owner) not in seen:
            seen.add((variant, owner))
            yield variant, place


_SEVERAL_WORDS = {"-": "kebab-case", "_": "snake_case", " ": "lower case words"}


def _tags_case(evidence: Evidence) -> Iterator[Observation]:
    places: dict[str, Place] = {}
    members: dict[str, Place] = {}
    for _, module, given, place, _ in _tags(evidence):
        for value in _values_of(module, given):
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                places.setdefault(value.value, place)
            elif isinstance(value, ast.Attribute) and dotted(value):
                members.setdefault(dotted(value), place)
    cases = {tag: _case(tag) for tag in places}
    # One word in lower case goes with any of these.
    several = {case for case in cases.values() if case in _SEVERAL_WORDS.values()}
    single = several.pop() if len(several) == 1 else "lowercase"
    for tag, place in places.items():
        yield single if cases[tag] == "lowercase" else cases[tag], place
    for place in members.values():
        yield "attribute", place


def _case(tag: str) -> str:
    if not any(character.isalpha() for character in tag):
        return "other"
    if tag.islower():
        return next((case for mark, case in _SEVERAL_WORDS.items() if mark in tag), "lowercase")
    if tag.isupper() and len(tag) > 1:
        return "UPPER CASE"
    return "Title Case" if tag[0].isupper() else "other"


def _prefix_place(evidence: Evidence) -> Iterator[Observation]:
    with_prefix = set()
    for router in evidence.counted_routers(applications=False):
        given = router.assignment.call.argument("prefix")
        if given is not None and router.module.code(given.span) not in ('""', "''"):
            with_prefix.add((router.module.path, router.assignment.line))
            yield "APIRouter", router.place
    for module, _, prefix, place, included in _includes(evidence):
        if prefix is not None and module.code(prefix.span) not in ('""', "''"):
            if included is not None:
                with_prefix.add((included.module.path, included.assignment.line))
            yield "include_router", place
    by_router: dict[object, list[Route]] = {}
    for route in evidence.routes:
        on = route.router
        if on is not None and not on.is_application:
            by_router.setdefault((on.module.path, on.assignment.line), []).append(route)
    for key, routes in by_router.items():
        starts = {_first_segment(route.path()) for route in routes}
        if key not in with_prefix and len(routes) > 1 and len(starts) == 1 and starts.isdisjoint((None, "")):
            yield "written in each path", routes[0].place


def _first_segment(path: str | None) -> str | None:
    """None where it cannot be a prefix: computed, or a parameter."""
    return None if path is None or not path.startswith("/") or path.startswith("/{") else path.split("/")[1]


_VERSION = re.compile(r"(?i)(?:/|_|\b)v\d+(?![a-z])")


def _version_prefix(evidence: Evidence) -> Iterator[Observation]:
    for router in evidence.counted_routers(applications=False):
        given = router.assignment.call.argument("prefix")
        if given is not None and _VERSION.search(router.module.code(given.span)):
            yield "APIRouter", router.place
    for module, _, prefix, place, _ in _includes(evidence):
        if prefix is not None and _VERSION.search(module.code(prefix.span)):
            yield "include_router", place
    for route in evidence.routes:
        path = route.path()
        if path is not None and _VERSION.match(path):
            yield "written in each path", route.place


def _trailing_slash(evidence: Evidence) -> Iterator[Observation]:
    for route in evidence.routes:
        path = route.path()
        if path is None or route.is_websocket or path.rstrip("/").endswith("}"):
            continue
        if path in ("", "/"):
            # Of a router with a prefix it is the collection, elsewhere the root of everything.
            given = route.router.assignment.call.argument("prefix") if route.router is not None else None
            if given is None or route.router is None or route.router.is_application:
                continue
        yield "with slash" if path.endswith("/") else "without slash", route.place


# --- modules and names

_FOLDERS = ("api", "controllers", "endpoints", "handlers", "rest", "router", "routers", "routes", "views")
_STEMS = ("api", "apis", "controller", "endpoints", "handlers", "router", "routers", "routes", "views")


def _layout(evidence: Evidence) -> Iterator[Observation]:
    first: dict[str, list[Route]] = {}
    for route in evidence.routes:
        first.setdefault(route.module.path, []).append(route)
    for path, routes in first.items():
        on_application = all(route.router is not None and route.router.is_application for route in routes)
        yield _layout_of(path, on_application), Place(path, min(route.line for route in routes))


def _layout_of(path: str, on_application: bool) -> str:
    *folders, file = path.split("/")
    stem = file.removesuffix(".py")
    if on_application:
        return "the application's module"
    if stem in _STEMS:
        return f"<feature>/{file}"
    for depth in range(len(folders) - 1, -1, -1):
        if folders[depth] in _FOLDERS:
            above = folders[depth - 1] if depth else ""
            inside = f"{above}/" if above in _FOLDERS or re.fullmatch(r"v\d+", above) else ""
            is_deeper = depth < len(folders) - 1
            return f"{inside}{folders[depth]}/<feature>{'/' if is_deeper else '.py'}"
    return "other"


def _model_place(evidence: Evidence) -> Iterator[Observation]:
    project = evidence.project
    seen: set[tuple[str, Symbol]] = set()
    known: dict[Symbol, bool] = {}
    for module in dict.fromkeys(route.module for route in evidence.routes):
        for item in module.facts.imports:
            name = item.target.rpartition(".")[2]
            if not name[:1].isupper() or item.type_checking:
                continue
            symbol = project.follow_import(module.path, item.target)
            if symbol is None or symbol.path is None or not symbol.name or (module.path, symbol) in seen:
                continue
            seen.add((module.path, symbol))
            if symbol not in known:
                known[symbol] = project.derives_from(symbol, MODELS)
            if known[symbol]:
                line = module.facts.statements[item.statement].line
                yield _home_of_models(module.path, symbol.path), Place(module.path, line)


MODELS = ("pydantic.BaseModel", "pydantic.main.BaseModel", "sqlmodel.SQLModel", "sqlmodel.main.SQLModel")


def _home_of_models(importer: str, path: str) -> str:
    *folders, file = path.split("/")
    where = "beside the routes: " if importer.rpartition("/")[0] == path.rpartition("/")[0] else ""
    if file == "__init__.py":
        return f"{where}{folders[-1] if folders else ''}/"
    if folders and folders[-1] in ("schemas", "models", "schema", "model", "types", "dto"):
        return f"{where}{folders[-1]}/<feature>.py"
    if file.removesuffix(".py") in ("schemas", "models", "schema", "model", "types", "dto"):
        return f"{where}{file}"
    return "elsewhere"


def _router_variable(evidence: Evidence) -> Iterator[Observation]:
    for router in evidence.counted_routers(applications=False):
        name = router.assignment.target.rpartition(".")[2]
        if name in ("router", "api_router"):
            yield name, router.place
        elif name.endswith("_router"):
            yield "<feature>_router", router.place
        else:
            yield "other", router.place


def _app_creation(evidence: Evidence) -> Iterator[Observation]:
    for router in evidence.counted_routers(applications=True):
        scopes = router.assignment.scopes
        if not scopes:
            yield f"module-level {router.assignment.target}", router.place
        elif scopes[-1].kind == "function" and not any(scope.kind == "class" for scope in scopes):
            yield f"factory {scopes[0].name}()", router.place
        else:
            yield "in a class", router.place
    for text in evidence.texts:
        for mention in text.calls(("FastAPI",), lambda symbol: symbol == Symbol(None, "fastapi.FastAPI")):
            line_start = mention.text.masked.rfind("\n", 0, mention.start) + 1
            if mention.text.masked[line_start : mention.start].strip() == "return":
                yield "factory that returns it", mention.place


_STARTED = re.compile(r"(?:uvicorn|gunicorn|hypercorn|granian)\b.*?[\s\"',]([A-Za-z_][\w.]*:[A-Za-z_][\w.]*(?:\(\))?)")
_RUN = re.compile(r"fastapi[\s\"',]+(?:run|dev)[\s\"',]+([\w./-]+\.py)")


def _entry_points(evidence: Evidence) -> Iterator[Observation]:
    """What starts the application, in the root's files and in those of the folders above an application."""
    root = evidence.project.root
    folders = {""}
    for router in evidence.counted_routers(applications=True):
        parts = router.module.path.split("/")[:-1]
        folders |= {"/".join(parts[:depth]) for depth in range(len(parts) + 1)}
    for folder in sorted(folders):
        for path in sorted((root / folder).glob("*")):
            if path.name in ("pyproject.toml", "Procfile") or path.name.startswith(("Dockerfile", "docker-compose")):
                name = f"{folder}/{path.name}" if folder else path.name
                yield from _started_in(name, path.read_text("utf-8", "replace") if path.is_file() else "")


def _started_in(name: str, text: str) -> Iterator[Observation]:
    in_table = False
    for number, line in enumerate(text.splitlines(), 1):
        if name.endswith("pyproject.toml"):
            if line.startswith("["):
                in_table = line.strip() == "[tool.fastapi]"
            if in_table and (match := re.match(r"\s*entrypoint\s*=\s*[\"']([^\"']+)", line)):
                yield match.group(1), Place(name, number)
        elif not line.lstrip().startswith("#") and (match := _STARTED.search(line) or _RUN.search(line)):
            yield match.group(1), Place(name, number)


# --- concurrency, sessions, work behind a response


def _async_handlers(evidence: Evidence) -> Iterator[Observation]:
    for module, function, routes in evidence.handlers:
        if not all(route.is_websocket for route in routes):
            yield "async def" if function.is_async else "def", Place(module.path, function.line)


def _threadpool(evidence: Evidence) -> Iterator[Observation]:
    for mention in evidence.mentions_of(*THREADPOOL_HELPERS):
        yield mention.symbol.name, mention.place
    for text in evidence.texts:
        for _, start in text.occurrences(f".{EXECUTOR}("):
            yield "loop.run_in_executor", Place(text.module.path, text.line(start))


_DATABASES = (
    "aiosqlite", "asyncpg", "databases", "motor", "odmantic", "peewee", "psycopg", "psycopg2", "pymongo", "pymysql",
    "pony", "sqlalchemy", "sqlite3", "sqlmodel", "tortoise",
)  # fmt: skip
_ASYNC_DATABASES = re.compile(
    r"aiosqlite|asyncpg|databases|motor|\basyncio\b|(?i:async_?(?:session|engine|connection))"
)


def _db_sessions(evidence: Evidence) -> Iterator[Observation]:
    known: dict[Symbol, str | None] = {}
    for target, place in evidence.injections:
        if target not in known:
            known[target] = _provider(evidence, target)
        if provider := known[target]:
            yield provider, place


def _provider(evidence: Evidence, symbol: Symbol) -> str | None:
    """`get_db (sync) in app/db.py` for a function that yields something of a database."""
    found = evidence.function_of(symbol)
    if found is None:
        return None
    module, function = found
    node = next(
        (
            node
            for node in ast.walk(module.tree(function.statement))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == function.name
        ),
        None,
    )
    if node is None or not any(isinstance(part, ast.Yield) for part in ast.walk(node)):
        return None
    names = {dotted(part) for part in ast.walk(node) if isinstance(part, ast.Name | ast.Attribute)}
    meanings = set()
    for name in sorted(names):
        meanings |= _leads_to(evidence.project, module, name, 3)
    databases = {meaning for meaning in meanings if meaning.partition(".")[0] in _DATABASES}
    if not databases:
        return None
    is_async = any(_ASYNC_DATABASES.search(meaning) for meaning in databases)
    return f"{symbol.name} ({'async' if is_async else 'sync'} session) in {module.path}"


def _leads_to(project: Project, module: Module, name: str, depth: int) -> set[str]:
    """Dotted names of other distributions that a name of the project comes from: through assignments, the annotations
    and the imports of functions."""
    symbol = project.resolve(module, name)
    if symbol is None or symbol.path is None:
        return set() if symbol is None else {symbol.name}
    if not depth:
        return set()
    home = project.module(symbol.path)
    found: set[str] = set()
    for binding in home.bindings(symbol.name.partition(".")[0]) if home is not None else ():
        assert home is not None
        for node in home.tree(binding.statement).body:
            used: list[ast.expr] = []
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
                used = [node.value.func, *(keyword.value for keyword in node.value.keywords)]
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or (
                isinstance(node, ast.ClassDef) and "." in symbol.name
            ):
                used = [n for n in ast.walk(node) if isinstance(n, ast.Name | ast.Attribute)]
            for expression in used:
                written = dotted(expression)
                if written and written != name:
                    found |= _leads_to(project, home, written, depth - 1)
    return found


def _queues(evidence: Evidence) -> Iterator[Observation]:
    for path, data in evidence.data.items():
        for queue in QUEUES:
            name = queue.encode()
            if name in data:
                pattern = rb"(?:\A|\n)[ \t]*(?:from[ \t]+" + name + rb"[ .\t]|import[ \t]+" + name + rb"\b)"
                match = re.search(pattern, data)
                if match and evidence.project.module_path(path, queue) is None:
                    start = match.start() + data[match.start() : match.start() + 1].count(b"\n")
                    yield queue, Place(path, data.count(b"\n", 0, start) + 1)


def _background_tasks(evidence: Evidence) -> Iterator[Observation]:
    for module in evidence.modules:
        for item in module.facts.imports:
            if item.target.endswith(("BackgroundTasks", "BackgroundTask")) and (
                evidence.project.follow_import(module.path, item.target) in _BACKGROUND
            ):
                yield "BackgroundTasks", Place(module.path, module.facts.statements[item.statement].line)
                break


_BACKGROUND = (
    Symbol(None, "fastapi.BackgroundTasks"),
    Symbol(None, "fastapi.background.BackgroundTasks"),
    Symbol(None, "starlette.background.BackgroundTasks"),
    Symbol(None, "starlette.background.BackgroundTask"),
)


# --- the application


def _lifespan(evidence: Evidence) -> Iterator[Observation]:
    for router in evidence.routers:
        if evidence.counts(router.module.path):
            if router.assignment.call.argument("lifespan"):
                yield "lifespan", router.place
            for name in ("on_startup", "on_shutdown"):
                if router.assignment.call.argument(name):
                    yield "on_event", router.place
    for module in evidence.modules:
        for function in module.facts.functions:
            for decorator in function.decorators:
                receiver, _, method = decorator.name.rpartition(".")
                if method == "on_event" and evidence.router_of(module, receiver, function.scopes):
                    yield "on_event", Place(module.path, decorator.line)
        for call in module.facts.calls:
            if call.method in ("on_event", "add_event_handler") and evidence.router_of(
                module, call.receiver, call.scopes
            ):
                yield "on_event", Place(module.path, call.line)


_SETS_OPERATION_ID = re.compile(r"\.operation_id[ \t]*=(?!=)")


def _operation_ids(evidence: Evidence) -> Iterator[Observation]:
    for route in evidence.routes:
        if route.call.argument("operation_id"):
            yield "operation_id=", route.place
    for router in evidence.routers:
        if evidence.counts(router.module.path) and router.assignment.call.argument("generate_unique_id_function"):
            yield "generate_unique_id_function=", router.place
    for module in evidence.modules:
        for call in module.facts.calls:
            if call.method == "include_router" and call.call.argument("generate_unique_id_function"):
                yield "generate_unique_id_function=", Place(module.path, call.line)
        for place, _ in evidence.text(module).places(_SETS_OPERATION_ID):
            yield "set on the routes afterwards", place


_ASKS_WHO = re.compile(
    r"(?i)(?:^|_|(?<=[a-z]))"
    r"(?:auth\w*|current_?(?:active_?)?user|token|permissions?|logged_?in|login|api_?key|verify_\w*key|requires?_?user)"
)


def _auth(evidence: Evidence) -> Iterator[Observation]:
    known: dict[Symbol, str | None] = {}
    for target, place in evidence.injections:
        if variant := _auth_kind(evidence, target, known):
            yield variant, place
    for module in evidence.modules:
        text = evidence.text(module)
        for _, start in text.occurrences(".add_middleware("):
            call = text.call(start)
            given = argument(call, 0, "middleware_class") if call is not None else None
            if given is not None and re.search(r"(?i)auth|jwt|token", dotted(given).rpartition(".")[2]):
                yield "middleware", Place(module.path, text.line(start))
    for module, function, _ in evidence.handlers:
        for decorator in function.decorators:
            meaning = evidence.project.resolve(module, decorator.name, function.scopes)
            if meaning == _REQUIRES or _ASKS_WHO.search(decorator.name.rpartition(".")[2]):
                yield "decorator", Place(module.path, decorator.line)


_REQUIRES = Symbol(None, "starlette.authentication.requires")
_SECURITY = "fastapi.security."


def _auth_kind(evidence: Evidence, symbol: Symbol, known: dict[Symbol, str | None]) -> str | None:
    """How a dependency finds out who calls; None for one that does not."""
    if symbol in known:
        return known[symbol]
    known[symbol] = None  # for dependencies in a ring
    known[symbol] = _auth_kind_anew(evidence, symbol, known)
    return known[symbol]


def _auth_kind_anew(evidence: Evidence, symbol: Symbol, known: dict[Symbol, str | None]) -> str | None:
    project = evidence.project
    if symbol.path is None:
        return "fastapi.security" if symbol.name.startswith(_SECURITY) and "Form" not in symbol.name else None
    home = project.module(symbol.path)
    if home is None:
        return None
    for assignment in home.facts.assignments:
        if assignment.target == symbol.name and not assignment.scopes:
            maker = project.resolve(home, assignment.call.callee)
            return _auth_kind(evidence, maker, known) if maker is not None else None
    found = evidence.function_of(symbol)
    methods = (f"{symbol.name}.__call__", f"{symbol.name}.__init__")
    functions = [found] if found else [(home, f) for f in home.facts.functions if f.qualified_name in methods]
    for module, function in functions:
        for parameter in function.parameters:
            marked = evidence.mark_of(module, function, parameter)
            target = evidence.target(marked.mention) if marked is not None else None
            if target is not None and _auth_kind(evidence, target, known) == "fastapi.security":
                return "fastapi.security"
    if found is None:
        for base in bases_of(home, symbol.name):
            above = project.resolve(home, base)
            if above is not None and _auth_kind(evidence, above, known) == "fastapi.security":
                return "fastapi.security"
    return "own dependency" if _ASKS_WHO.search(symbol.name.rpartition(".")[2]) else None


# --- types

_OR_NONE = re.compile(r"\|[ \t]*None\b")
_NONE_OR = re.compile(r"None[ \t]*\|(?!=)")
_COLLECTIONS = ("dict", "frozenset", "list", "set", "tuple", "type")
_OLD_COLLECTIONS = ("Dict", "FrozenSet", "List", "Set", "Tuple", "Type")


def _optional_types(evidence: Evidence) -> Iterator[Observation]:
    for module in evidence.modules:
        text = evidence.text(module)
        for place, _ in text.places(_OR_NONE):
            yield "X | None", place
        for place, start in text.places(_NONE_OR):
            if not text.masked[max(0, start - 20) : start].rstrip().endswith("|"):  # counted above
                yield "X | None", place
        for written, start in text.occurrences("Optional["):
            if text.meaning(written, start) == Symbol(None, "typing.Optional"):
                yield "Optional[X]", Place(module.path, text.line(start))


def _collection_types(evidence: Evidence) -> Iterator[Observation]:
    for module in evidence.modules:
        text = evidence.text(module)
        for name in _COLLECTIONS:
            for written, start in text.occurrences(f"{name}["):
                if written == name and not module.bindings(name):
                    yield "list[X]", Place(module.path, text.line(start))
        for name in _OLD_COLLECTIONS:
            for written, start in text.occurrences(f"{name}["):
                if text.meaning(written, start) == Symbol(None, f"typing.{name}"):
                    yield "List[X]", Place(module.path, text.line(start))
