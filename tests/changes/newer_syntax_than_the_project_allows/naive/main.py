from fastapi import FastAPI

app = FastAPI()


@app.get("/search")
def search(q: str | None = None, limit: int | None = None):
    return {"q": q, "limit": limit}
