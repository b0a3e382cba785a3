"""Where settings come from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..index import Module, Symbol
from .evidence import Evidence
from .model import Observation, Place

_CLASSES = tuple(
    f"{module}.BaseSettings" for module in ("pydantic", "pydantic_settings", "pydantic_settings.main", "pydantic.v1")
)
_CLASS = re.compile(r"^class[ \t]+(\w+)[ \t]*\(", re.MULTILINE)
_PROVIDER = re.compile(r"(?i)(?:^|_)(?:settings|config|configuration)\Z")
_ENVIRONMENT = re.compile(r"\bos\.(?:environ|getenv)\b|(?<![\w.])(?:getenv\(|environ[.\[])")
_READERS = {"decouple": "python-decouple", "dynaconf": "dynaconf", "environs": "environs"}


def settings(evidence: Evidence) -> Iterator[Observation]:
    """Modules that read the environment themselves, and those that import an object or a function of settings."""
    sources = dict(_sources(evidence))
    names = {symbol.name.encode() for symbol in sources}
    for path, data in evidence.data.items():
        for name, variant in _READERS.items():
            if name.encode() in data:
                yield from ((variant, place) for place in evidence.imports_of(name, path))
    for text in evidence.glanced(lambda data: b"environ" in data or b"getenv" in data):
        for place, _ in text.places(_ENVIRONMENT):
            yield "os.environ", place
            break
    for text in evidence.glanced(lambda data: b"import" in data and any(name in data for name in names)):
        yield from _read_in(evidence, text.module, sources)


def _read_in(evidence: Evidence, module: Module, sources: dict[Symbol, str]) -> Iterator[Observation]:
    wanted = {symbol.name for symbol in sources}
    homes = {symbol.path for symbol in sources}
    seen: set[Symbol] = set()
    for item in module.facts.imports:
        last = item.target.rpartition(".")[2]
        symbol = evidence.project.follow_import(module.path, item.target) if last in wanted else None
        if symbol is None and item.target and last not in wanted:
            # `from app import config` and then `config.settings`
            leads = evidence.project.follow_import(module.path, item.target)
            if leads is not None and leads.path in homes and not leads.name:
                used = [name for name in wanted if re.search(rf"\b{item.local}\.{name}\b", module.text)]
                symbol = Symbol(leads.path, used[0]) if used else None
        if symbol is not None and symbol in sources and symbol not in seen:
            seen.add(symbol)
            yield sources[symbol], Place(module.path, module.facts.statements[item.statement].line)


def _sources(evidence: Evidence) -> Iterator[tuple[Symbol, str]]:
    """`settings = Settings()` and `def get_settings(): return Settings()`, with what they are called here."""
    classes = {
        symbol
        for text in evidence.glanced(lambda data: b"BaseSettings" in data)
        for match in _CLASS.finditer(text.masked)
        if evidence.project.derives_from(symbol := Symbol(text.module.path, match.group(1)), _CLASSES)
    }
    for injection in evidence.injections:
        # `get_config`, which hands over an object of the project's own class.
        target = injection.target
        if target.path is not None and _PROVIDER.search(target.name) and evidence.function_of(target) is not None:
            yield target, f"{target.name}() in {target.path} (injected)"
    names = {symbol.name for symbol in classes}
    calls = [f"{name}(".encode() for name in names]
    for text in evidence.glanced(lambda data: any(call in data for call in calls)):
        for statement in text.module.facts.statements:
            code = text.masked[statement.start : statement.end]
            for name in names:
                if f"{name}(" in code and text.meaning(name, statement.start) in classes:
                    path = text.module.path
                    if found := re.match(rf"(\w+)[ \t]*(?::[^=\n]+)?=\s*(?:[\w.]+\()?{name}\(", code):
                        yield Symbol(path, found.group(1)), f"{found.group(1)} in {path} (BaseSettings)"
                    elif found := _function_returning(name).search(code):
                        yield Symbol(path, found.group(1)), f"{found.group(1)}() in {path} (BaseSettings)"


def _function_returning(name: str) -> re.Pattern[str]:
    return re.compile(rf"^def[ \t]+(\w+)\([^)]*\)[^:]*:(?s:.*)\breturn[ \t]+{name}\(", re.MULTILINE)
