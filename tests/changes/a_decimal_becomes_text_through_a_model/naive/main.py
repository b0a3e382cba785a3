from decimal import Decimal

import fastapi
import pydantic

api = fastapi.FastAPI()


class Price(pydantic.BaseModel):
    price: Decimal
    currency: str


@api.get("/price")
def price() -> Price:
    return Price(price=Decimal("1.50"), currency="EUR")
