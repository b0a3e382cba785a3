from fastapi import FastAPI

from services.orders import place

app = FastAPI()


@app.post("/orders")
def create_order(sku: str):
    return place(sku)
