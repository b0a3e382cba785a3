"""What an expression is worth, as far as the source proves it: a function or class by name, or an object of a class.

Names are looked up by scope, values followed through assignments, annotations, `with`, constructors, attributes of
objects and what functions give back, also in other modules. None is the answer whenever two readings are possible.
"""

from .inference import Types
from .nodes import FunctionNode, default_of, last_name, own_nodes, parts_of_body, parts_that_run, yields
from .values import Frame, Value

__all__ = [
    "Frame",
    "FunctionNode",
    "Types",
    "Value",
    "default_of",
    "last_name",
    "own_nodes",
    "parts_of_body",
    "parts_that_run",
    "yields",
]
