"""The names that FastAPI and Starlette publish in more than one place, by the one name that is used here."""

from __future__ import annotations

PARAMETER_FUNCTIONS = frozenset({"Body", "Cookie", "Depends", "File", "Form", "Header", "Path", "Query", "Security"})

VALUE_FUNCTIONS = frozenset(f"fastapi.{name}" for name in PARAMETER_FUNCTIONS - {"Depends", "Security"})
"""Dotted names of those that say where in the request a value is, and what it may be."""

_PUBLIC = PARAMETER_FUNCTIONS | {"APIRouter", "BackgroundTasks", "FastAPI", "HTTPException", "Request", "Response"}
_PUBLIC |= {"UploadFile", "WebSocket", "WebSocketDisconnect", "WebSocketException", "status"}

# Modules of FastAPI whose public names are the same objects, or for `params` the classes behind the functions, as
# those of `fastapi` itself.
_HOMES = (
    "fastapi.applications.",
    "fastapi.param_functions.",
    "fastapi.params.",
    "fastapi.routing.",
    "fastapi.exceptions.",
)


def canonical(dotted: str) -> str:
    """`fastapi.Depends` for `fastapi.param_functions.Depends`; anything else as it is."""
    for home in _HOMES:
        if dotted.startswith(home):
            head, dot, rest = dotted[len(home) :].partition(".")
            if head in _PUBLIC:
                return f"fastapi.{head}{dot}{rest}"
    return dotted


def is_exported(dotted: str) -> bool:
    """Whether `from fastapi import *` and the like bring this name."""
    package, _, name = dotted.rpartition(".")
    return (package == "fastapi" and name in _PUBLIC) or (f"{package}." in _HOMES and name in _PUBLIC)
