from .customers import *

__all__ = ["Customer", "Invoice"]
