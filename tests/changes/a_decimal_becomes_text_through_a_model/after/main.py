import fastapi

api = fastapi.FastAPI()


@api.get("/price")
def price():
    return {"price": 1.5, "currency": "EUR"}
