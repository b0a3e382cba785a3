from fastapi import FastAPI

from clients import fetch

app = FastAPI()


@app.get("/weather/{city}")
def weather(city: str):
    return {"degrees": fetch(city)}
