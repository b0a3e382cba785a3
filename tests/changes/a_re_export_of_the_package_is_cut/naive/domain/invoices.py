from pydantic import BaseModel

from .customers import Customer

__all__ = ["Invoice"]


class Invoice(BaseModel):
    customer: Customer
    total: float
