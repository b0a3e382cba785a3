from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Order(BaseModel):
    sku: str


class Note(BaseModel):
    note: str | None = None


@app.post("/orders")
def create(order: Order, note: Note):
    return order
