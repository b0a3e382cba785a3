from typing import Annotated

from fastapi import Depends, FastAPI, Query

app = FastAPI()


def get_db():
    return "db"


@app.get("/find")
def find(db: Annotated[str, Depends(get_db)], q: Annotated[str, Query(max_length=5)] = "x"):
    return [q, db]
