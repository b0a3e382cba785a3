"""What is known of FastAPI, Starlette, Python and well-known libraries, by dotted names."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..reader import ROUTE_METHODS

REGISTRARS = frozenset({*ROUTE_METHODS, "route", "websocket_route"})
APPLICATION = "fastapi.FastAPI"
ROUTERS = frozenset({"fastapi.APIRouter", APPLICATION})
ENUMERATIONS = frozenset({"enum.Enum", "enum.IntEnum", "enum.StrEnum", "http.HTTPStatus"})
ANNOTATED = frozenset({"typing.Annotated", "typing_extensions.Annotated"})
TRANSPARENT = frozenset(
    {
        "contextlib.asynccontextmanager",
        "contextlib.contextmanager",
        "functools.cache",
        "functools.lru_cache",
        "typing.no_type_check",
        "typing.overload",
        "abc.abstractmethod",
    }
)
# Handed a router, these look at it or change what is around it, and register nothing on it.
HARMLESS = re.compile(
    r"\A(?:builtins|contextlib|functools|inspect|json|logging|starlette\.middleware|fastapi\.(?:testclient|openapi))\b"
    r"|(?:TestClient|AsyncClient|ASGITransport|Config|Mangum|run|getattr|setattr|hasattr|isinstance|print|len|id|repr)\Z"
)
HARMLESS_METHODS = frozenset(
    {"add_exception_handler", "add_middleware", "build_middleware_stack", "exception_handler", "middleware",
     "openapi", "setup", "url_path_for"}
)  # fmt: skip
# Attributes of an application that routes of its own are made with, and their defaults.
URLS = {
    "docs_url": "/docs",
    "openapi_url": "/openapi.json",
    "redoc_url": "/redoc",
    "swagger_ui_oauth2_redirect_url": "/docs/oauth2-redirect",
}
EDITED = "its list of routes is changed by code"
# What FastAPI reads of a function.
SHOWN_BY_FUNCTION = frozenset(
    {"__annotations__", "__code__", "__defaults__", "__kwdefaults__", "__name__", "__signature__", "__wrapped__"}
)
# Attributes and methods of routes that do not matter to the table.
HARMLESS_OF_ROUTES = frozenset(
    {"app", "description", "get_route_handler", "handle", "matches", "openapi_extra", "response_description", "summary"}
)
MUTATORS = frozenset(
    {"add", "append", "clear", "discard", "extend", "insert", "pop", "remove", "reverse", "setdefault", "sort",
     "update", "__setitem__", "__delitem__"}
)  # fmt: skip
REGISTERING = frozenset(
    {"add_api_route", "add_api_websocket_route", "add_route", "add_websocket_route", "api_route", "include_router",
     "mount", "route", "websocket_route"}
)  # fmt: skip
# Of routes as they are made: the kind of the event, where the endpoint is, and the method that registers the like.
ROUTE_CLASSES = {
    "fastapi.routing.APIRoute": ("operation", ("endpoint", 1), "add_api_route"),
    "fastapi.routing.APIWebSocketRoute": ("websocket", ("endpoint", 1), "add_api_websocket_route"),
    "starlette.routing.Mount": ("mount", ("app", 1), "mount"),
    "starlette.routing.Route": ("route", ("endpoint", 1), "add_route"),
    "starlette.routing.WebSocketRoute": ("websocket_route", ("endpoint", 1), "add_websocket_route"),
}
INSTANCES = {
    "fastapi.routing.APIRoute": ("operation",),
    "fastapi.routing.APIWebSocketRoute": ("websocket",),
    "starlette.routing.Mount": ("mount",),
    "starlette.routing.Route": ("operation", "route"),
    "starlette.routing.WebSocketRoute": ("websocket", "websocket_route"),
}
TYPES: dict[str, type] = {
    "builtins.bool": bool,
    "builtins.float": float,
    "builtins.int": int,
    "builtins.str": str,
}
CACHES = frozenset({"functools.cache", "functools.lru_cache"})
# Members of these are in an f-string what their values are.
WRITTEN_AS_VALUES = frozenset({"enum.IntEnum", "enum.StrEnum"})
# Bases that do nothing with what a class is given, and do not decide about its truth.
PLAIN_BASES = frozenset({"abc.ABC", "builtins.object", "pydantic.BaseModel", "typing.Generic", "typing.Protocol"})
# Libraries whose classes ask for no dependencies when they are instances of.
WITHOUT_QUESTIONS = re.compile(
    r"\A(?:abc|builtins|collections|contextlib|dataclasses|enum|fastapi\.security|pydantic|sqlmodel|typing"
    r"|typing_extensions)\."
)
# A call, a decorator or an assignment to an attribute or element at module level, by the first name in it.
EFFECT = re.compile(rb"^@?([A-Za-z_]\w*)(?:\.\w+)*(?=\(|\s*\[.*\]\s*=[^=]|\s*$|\.\w+\s*=[^=])", re.MULTILINE)
REGISTRATION = re.compile(r"\b(\w+)\.(?:api_route|delete|get|head|options|patch|post|put|route|trace|websocket)\(")
CLASS_REGISTERING = ("__init_subclass__", "__set_name__", "metaclass")
REGISTERS_CLASSES = re.compile(rf"\b(?:{'|'.join(CLASS_REGISTERING)})\b")
MATTERS = re.compile(
    r"\b(?:FastAPI|APIRouter|include_router|add_api_\w+|add_route|mount|Depends|Security)\b|\n\s+(?:async )?def "
)
# Plain words, since a regular expression that begins with `\b` is tried at every character.
MAKE_ROUTERS = ("FastAPI", "APIRouter")
MAKE_OR_TAKE_ROUTERS = (*MAKE_ROUTERS, "include_router", "add_api_route")


def spells(text: str, words: Iterable[str]) -> bool:
    return any(word in text for word in words)


COMPOUND = frozenset({"@", "async", "async def", "class", "def", "for", "if", "match", "try", "while", "with"})
SETTINGS = frozenset({"pydantic_settings.BaseSettings", "pydantic.BaseSettings", "pydantic.v1.BaseSettings"})
FIELDS = frozenset({"pydantic.Field", "dataclasses.field", "pydantic.v1.Field", "attr.field", "attrs.field", "attr.ib"})
ENVIRONMENT = frozenset({"os.getenv", "os.environ.get"})
VERBS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
SHOWN_BY_ROUTES = frozenset(
    {"default_response_class", "dependencies", "generate_unique_id_function", "include_in_schema", "prefix",
     "route_class", "routes", "tags"}
)  # fmt: skip
# Modules of the standard library whose functions change lists and dictionaries that they are given.
CHANGING_LISTS = frozenset({"bisect", "heapq", "operator", "random"})
BUILTINS = frozenset(
    {"abs", "bool", "classmethod", "dict", "enumerate", "eval", "exec", "filter", "float", "frozenset", "getattr",
     "hasattr", "id", "int", "isinstance", "len", "list", "map", "max", "min", "object", "print", "property", "range",
     "repr", "reversed", "set", "setattr", "sorted", "staticmethod", "str", "super", "tuple", "type", "vars", "zip"}
)  # fmt: skip
