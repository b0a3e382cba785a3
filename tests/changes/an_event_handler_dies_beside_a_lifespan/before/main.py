from fastapi import FastAPI

app = FastAPI()
DATA = {}


@app.on_event("startup")
def load():
    DATA["cities"] = ["rome"]


@app.get("/cities")
def cities():
    return DATA["cities"]
