from decimal import Decimal

import fastapi

api = fastapi.FastAPI()


@api.get("/price")
def price():
    return {"price": Decimal("1.50"), "currency": "EUR"}
