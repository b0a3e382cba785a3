from typing import Annotated

from fastapi import Depends, FastAPI, Query

app = FastAPI()


def get_db():
    return "db"


@app.get("/find")
def find(q: Annotated[str, Query(max_length=5)] = "x", db: Annotated[str, Depends(get_db)]):
    return [q, db]
