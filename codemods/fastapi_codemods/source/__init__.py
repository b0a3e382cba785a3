"""Files as they are on disk: which ones there are, their bytes as text and back, and their top-level statements."""

from .discovery import Discovered, discover
from .statements import Statement, split
from .text import Source, UnreadableSourceError, read

__all__ = ["Discovered", "Source", "Statement", "UnreadableSourceError", "discover", "read", "split"]
