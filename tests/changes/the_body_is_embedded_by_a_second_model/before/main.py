from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Order(BaseModel):
    sku: str
    note: str | None = None


@app.post("/orders")
def create(order: Order):
    return order
