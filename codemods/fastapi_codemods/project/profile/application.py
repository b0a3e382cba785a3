"""How the application is made, started, ended, and how its operations get their ids."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..index import Symbol
from .evidence import Evidence
from .model import Observation, Place


def app_creation(evidence: Evidence) -> Iterator[Observation]:
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


_SERVERS = "uvicorn|gunicorn|hypercorn|granian"
_STARTED = re.compile(rf"(?:{_SERVERS})\b.*?[\s\"',]([A-Za-z_][\w.]*:[A-Za-z_][\w.]*(?:\(\))?)")
_RUN = re.compile(r"fastapi[\s\"',]+(?:run|dev)[\s\"',]+([\w./-]+\.py)")
_IN_PYTHON = re.compile(
    rf"(?:{_SERVERS})\.(?:run|Config|serve)\(\s*(?:#[^\n]*\n\s*)*(?:app\s*=\s*)?(?:f?[\"']([\w.]+:[\w.]+)[\"']|([A-Za-z_][\w.]*)\s*[,)])"
)
_FILES = ("pyproject.toml", "Procfile", "Makefile", "Justfile", "justfile", "supervisord.conf")
_STARTS = ("Dockerfile", "Containerfile", "docker-compose", "compose.")


def entry_points(evidence: Evidence) -> Iterator[Observation]:
    """What starts the application: in code, in the root's files and in those of the folders above an application."""
    for path, data in evidence.data.items():
        if any(f"{server}.".encode() in data for server in _SERVERS.split("|")):
            yield from _started_in_python(path, data.decode("utf-8", "replace"))
    root = evidence.project.root
    folders = {""}
    for router in evidence.counted_routers(applications=True):
        parts = router.module.path.split("/")[:-1]
        folders |= {"/".join(parts[:depth]) for depth in range(len(parts) + 1)}
    for folder in sorted(folders):
        for file in sorted((root / folder).glob("*")):
            is_script = file.suffix in (".sh", ".service") or file.name.startswith(_STARTS)
            if (file.name in _FILES or is_script) and file.is_file():
                name = f"{folder}/{file.name}" if folder else file.name
                yield from _started_in(name, file.read_text("utf-8", "replace"))


def _started_in_python(path: str, text: str) -> Iterator[Observation]:
    for found in _IN_PYTHON.finditer(text):
        before = text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
        if "#" not in before:
            name = found.group(1) or f"{found.group().partition('(')[0]}({found.group(2)})"
            yield name, Place(path, text.count("\n", 0, found.start()) + 1)


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


def lifespans(evidence: Evidence) -> Iterator[Observation]:
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


def operation_ids(evidence: Evidence) -> Iterator[Observation]:
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
