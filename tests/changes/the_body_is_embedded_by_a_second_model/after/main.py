from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Base(BaseModel):
    sku: str


class Order(Base):
    note: str | None = None


@app.post("/orders")
def create(order: Order):
    return order
