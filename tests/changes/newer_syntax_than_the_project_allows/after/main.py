from typing import Optional

from fastapi import FastAPI

app = FastAPI()


@app.get("/search")
def search(q: Optional[str] = None, limit: Optional[int] = None):
    return {"q": q, "limit": limit}
