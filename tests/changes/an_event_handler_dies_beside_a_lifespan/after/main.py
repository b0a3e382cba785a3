from contextlib import asynccontextmanager

from fastapi import FastAPI

DATA = {}


@asynccontextmanager
async def lifespan(app):
    load()
    yield


app = FastAPI(lifespan=lifespan)


def load():
    DATA["cities"] = ["rome"]


@app.get("/cities")
def cities():
    return DATA["cities"]
