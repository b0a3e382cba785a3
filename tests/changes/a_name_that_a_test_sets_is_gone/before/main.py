from fastapi import FastAPI

app = FastAPI()
cache = {}


@app.get("/cached/{key}")
def cached(key: str):
    return cache.setdefault(key, len(key))
