from pathlib import Path

from typing import Annotated

from fastapi import Depends, FastAPI


class Store:
    def __init__(self, path: str = "data.json") -> None:
        self.path = Path(path)


app = FastAPI()


def get_store(path: str = "data.json") -> Store:
    return Store(path)


@app.get("/store")
def where(store: Annotated[Store, Depends(get_store)]):
    return {"path": str(store.path)}
