"""How a codebase is written: which of FastAPI's ways to do a thing it uses, with the places that show it."""

from .conventions import profile_of
from .model import Convention, Place, Profile, Variant

__all__ = ["Convention", "Place", "Profile", "Variant", "profile_of"]
