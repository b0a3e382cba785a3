from fastapi import FastAPI

from taxes import tax

app = FastAPI()


@app.get("/price")
def price(net: float):
    return {"gross": round(net + tax(net), 2)}
