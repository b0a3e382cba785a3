import time

from fastapi import FastAPI

app = FastAPI()


def fetch(city: str) -> int:
    time.sleep(0)
    return len(city)


@app.get("/weather/{city}")
def weather(city: str):
    return {"degrees": fetch(city)}
