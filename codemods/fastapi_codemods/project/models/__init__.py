"""What the classes of a project are (Pydantic models, dataclasses, ORM classes, ...) and what they hold.

Nothing is run. A class is what its bases make it, as far as the project shows; a base that leads out of what is known
makes it `unknown`, which is an answer. `model` reads one class and what its bases need, `models_of` all of them.
"""

from .collecting import models_of
from .description import PYDANTIC, Config, Field, Hook, Kind, Model
from .pydantic_version import pydantic_major, required_pydantic
from .reading import model
from .schemas import SchemaLocations, schema_locations

__all__ = [
    "PYDANTIC",
    "Config",
    "Field",
    "Hook",
    "Kind",
    "Model",
    "SchemaLocations",
    "model",
    "models_of",
    "pydantic_major",
    "required_pydantic",
    "schema_locations",
]
