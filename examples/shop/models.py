from pydantic import BaseModel


class Product(BaseModel):
    name: str
    price: float
    stock: int = 0


class CartItem(BaseModel):
    product_id: int
    amount: int = 1
