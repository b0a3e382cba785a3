from .customers import *
from .invoices import *

__all__ = ["Customer", "Invoice"]
