from pydantic import BaseModel

__all__ = ["Customer", "Invoice"]


class Customer(BaseModel):
    name: str


class Invoice(BaseModel):
    customer: Customer
    total: float
