from .models import *

__all__ = ["Customer", "Invoice"]
