"""What a handler's values are made of, down to the types that decide how they are written as JSON.

`types` tells of which class an object is; here `{"id": i, "tags": [tag.upper() for tag in tags]}` is an object with an
int and a list of str. Functions are followed statement by statement with the shapes of their arguments. Whatever is
not certain is `Unproven`, with the reason.
"""

from .flow import Shapes, shapes_of
from .model import (
    NOTHING,
    Either,
    Entry,
    Fixed,
    Instance,
    Items,
    Json,
    Library,
    Lookup,
    Object,
    Plain,
    Shape,
    Unproven,
    alternatives,
    either,
    merged,
)
from .statements import Returned

__all__ = [
    "NOTHING",
    "Either",
    "Entry",
    "Fixed",
    "Instance",
    "Items",
    "Json",
    "Library",
    "Lookup",
    "Object",
    "Plain",
    "Returned",
    "Shape",
    "Shapes",
    "Unproven",
    "alternatives",
    "either",
    "merged",
    "shapes_of",
]
