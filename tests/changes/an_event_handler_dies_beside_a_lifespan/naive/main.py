from contextlib import asynccontextmanager

from fastapi import FastAPI

DATA = {}


@asynccontextmanager
async def lifespan(app):
    DATA["opened"] = True
    yield


app = FastAPI(lifespan=lifespan)


@app.on_event("startup")
def load():
    DATA["cities"] = ["rome"]


@app.get("/cities")
def cities():
    return DATA["cities"]
