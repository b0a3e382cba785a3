"""Which libraries do the work that every application has: requests to others, logs, clients of its own in tests."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...source.discovery import is_test
from ..index import Symbol
from .evidence import Evidence
from .mentions import Text
from .model import Observation, Place

# --- HTTP clients

_CLIENTS = ("aiohttp", "httpx", "httpx2", "requests", "urllib3")
_ASYNC = re.compile(rb"\bAsyncClient\b")
_BLOCKING = re.compile(rb"\bhttpx2?\.(?:Client|delete|get|head|patch|post|put|request|stream)\(")


def http_clients(evidence: Evidence) -> Iterator[Observation]:
    """Modules that import one, those of `httpx` by how they use it."""
    for path, data in evidence.data.items():
        for client in _CLIENTS:
            if client.encode() not in data:
                continue
            for place in evidence.imports_of(client, path):
                if not client.startswith("httpx"):
                    yield client, place
                elif _ASYNC.search(data):
                    yield f"{client}.AsyncClient", place
                elif _BLOCKING.search(data) or b"import Client" in data:
                    yield f"{client}.Client", place


# --- logs

_LOGGER = re.compile(
    r"^(?:\w*(?i:log(?:ger)?)[ \t]*(?::[^=\n]+)?=[ \t]*([\w.]+)|\w+[ \t]*=[ \t]*([\w.]*[lL]ogger\w*))\(([^()]*)\)",
    re.MULTILINE,
)
_LOGURU = re.compile(r"^from[ \t]+loguru[ \t]+import[ \t]+logger\b", re.MULTILINE)
_ROOT = re.compile(r"\blogging\.(?:critical|debug|error|exception|info|warning)\(")


def loggers(evidence: Evidence) -> Iterator[Observation]:
    """Modules that log, each by its first way to get a logger."""
    for text in evidence.glanced(lambda data: b"ogger" in data or b"logging" in data):
        if (found := _logger(evidence, text)) is not None:
            yield found


def _logger(evidence: Evidence, text: Text) -> Observation | None:
    module = text.module
    for match in _LOGGER.finditer(text.masked):
        maker, argument = match.group(1) or match.group(2), match.group(3)
        symbol = text.meaning(maker, match.start())
        if symbol is None:
            continue
        place = Place(module.path, text.line(match.start()))
        given = "__name__" if argument.strip() == "__name__" else "..." if argument.strip() else ""
        if symbol.path is None:
            return f"{symbol.name}({given})", place
        return f"{symbol.name}({given}) of {symbol.path}", place
    for match in _LOGURU.finditer(text.masked):
        return "loguru", Place(module.path, text.line(match.start()))
    for item in module.facts.imports:
        symbol = evidence.project.follow_import(module.path, item.target) if item.local in ("logger", "log") else None
        if symbol is not None and symbol.path is not None and symbol.name:
            place = Place(module.path, module.facts.statements[item.statement].line)
            return f"{symbol.name} imported from {symbol.path}", place
    for place, _ in text.places(_ROOT):
        return "logging.info(...) and the like", place
    return None


# --- clients in tests

_TEST_CLIENTS = tuple(Symbol(None, f"{package}.testclient.TestClient") for package in ("fastapi", "starlette"))


def test_clients(evidence: Evidence) -> Iterator[Observation]:
    """Test modules that call the application; the only convention that tests are evidence for."""
    for path in evidence.project.paths:
        if not (is_test(path) and evidence.is_within(path)):
            continue
        try:
            data = evidence.project.data(path)
        except OSError:
            continue
        if b"TestClient" in data and (module := evidence.project.glance(path)) is not None:
            for item in module.facts.imports:
                if evidence.project.follow_import(path, item.target) in _TEST_CLIENTS:
                    yield "TestClient", Place(path, module.facts.statements[item.statement].line)
                    break
        found = re.search(rb"\bASGITransport\(|\bAsyncClient\([^)]*\bapp[ \t]*=", data)
        if found:
            yield "AsyncClient with ASGITransport", Place(path, data.count(b"\n", 0, found.start()) + 1)
