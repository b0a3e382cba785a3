"""The application as it is written: modules, names, routers, handlers. Reads with `ast`, changes nothing."""

from .index import Module, Project, Symbol
from .model import Argument, Assignment, Call, Class, Function, MethodCall, Parameter, Scope, Span

__all__ = [
    "Argument",
    "Assignment",
    "Call",
    "Class",
    "Function",
    "MethodCall",
    "Module",
    "Parameter",
    "Project",
    "Scope",
    "Span",
    "Symbol",
]
