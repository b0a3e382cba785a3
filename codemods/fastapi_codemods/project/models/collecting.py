"""All models of a project: a search of the bytes says where to look."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..index import Module, Project, Symbol
from .description import Model
from .reading import model
from .written import all_written

_WORDS_OF_CALLS = (b"TypedDict(", b"NamedTuple(", b"namedtuple(", b"create_model(", b"make_dataclass(")
_WORDS_OF_MODELS = (
    *_WORDS_OF_CALLS,
    b"pydantic",
    b"BaseModel",
    b"dataclass",
    b"TypedDict",
    b"NamedTuple",
    b"Enum",
    b"sqlalchemy",
    b"SQLModel",
    b"declarative_base",
    b"import attr",
    b"from attr",
    b".Model)",
)
# Begin with a literal; a comment that looks like a class costs nothing but a look.
_CLASS_NAME = re.compile(rb"class[ \t]+(\w+)")
_CLASS_HEADER = re.compile(rb"class[ \t]+\w+[ \t]*\(([^)]+)\)")
_BASE_ASSIGNMENT = re.compile(
    rb"\n(\w+)[ \t]*(?::[^=\n]+)?=[ \t]*[\w.]*(?:declarative_base|automap_base|generate_base)\("
)
# Begins with a literal, which is many times faster than a word in front.
_RENAMED = re.compile(rb" as ([A-Z_]\w*)")
_LAST_WORD = re.compile(rb"\w+\Z")
_WORD = re.compile(rb"\w+")
_MAKER = re.compile(r"(?:^|\W)(?:TypedDict|NamedTuple|namedtuple|create_model|make_dataclass|\w*Enum|\w*base)\(")


def models_of(project: Project) -> dict[Symbol, Model]:
    """Every class of the project that is a model of some kind: neither plain nor unknown. By path and place."""
    return project.remembered("models of the project", lambda: _everything(project))


def _everything(project: Project) -> dict[Symbol, Model]:
    found: dict[Symbol, Model] = {}
    for path in sorted(_paths_with_classes(project)):
        module = project.module(path)
        if module is None:
            continue
        for symbol in dict.fromkeys(Symbol(path, written.name) for written in all_written(module)):
            made = model(project, symbol)
            if made is not None and made.kind not in ("plain", "unknown"):
                found[symbol] = made
        for name, bindings in module.facts.bindings.items():
            kinds = [binding.kind for binding in bindings]
            if kinds == ["assign"] and _makes_a_class(module, bindings[0].statement):
                made = model(project, Symbol(path, name))
                if made is not None and made.symbol == Symbol(path, name) and made.kind not in ("plain", "unknown"):
                    found[Symbol(path, name)] = made
    return found


def _paths_with_classes(project: Project) -> set[str]:
    """Files with words of models, and those whose classes have bases of such names."""
    gated: set[str] = set()
    headers: dict[str, frozenset[bytes]] = {}
    names: set[bytes] = set()
    renamed: list[tuple[bytes, bytes]] = []
    for path in project.paths:
        try:
            data = project.data(path)
        except OSError:
            continue
        renamed.extend(_renamed_classes(data))
        if b"class " not in data and not any(word in data for word in _WORDS_OF_CALLS):
            continue
        words = _words_of_headers(data)
        if any(word in data for word in _WORDS_OF_MODELS):
            gated.add(path)
            names.update(_CLASS_NAME.findall(data))
            names.update(_BASE_ASSIGNMENT.findall(data))
        elif words:
            headers[path] = words
    found = True
    while found:
        found = False
        names.update(local for name, local in renamed if name in names)
        for path, words in list(headers.items()):
            if not words.isdisjoint(names):
                del headers[path]
                gated.add(path)
                before = len(names)
                names.update(_CLASS_NAME.findall(project.data(path)))
                found = found or len(names) > before
        found = found or any(name in names and local not in names for name, local in renamed)
    return gated


def _words_of_headers(data: bytes) -> frozenset[bytes]:
    """The names among the bases of a file's classes."""
    return frozenset(word for bases in _CLASS_HEADER.findall(data) for word in _WORD.findall(bases))


def _renamed_classes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and local name of `import X as Y`; other uses of `as` do not matter."""
    for match in _RENAMED.finditer(data):
        if name := _LAST_WORD.search(data, max(0, match.start() - 80), match.start()):
            yield name.group(), match.group(1)


def _makes_a_class(module: Module, index: int) -> bool:
    statement = module.facts.statements[index]
    return _MAKER.search(module.text, statement.start, min(statement.end, statement.start + 200)) is not None
