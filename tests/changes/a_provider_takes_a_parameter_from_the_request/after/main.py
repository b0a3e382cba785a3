from pathlib import Path

from typing import Annotated

from fastapi import Depends, FastAPI


class Store:
    def __init__(self, path: str = "data.json") -> None:
        self.path = Path(path)


app = FastAPI()
store = Store()


def get_store() -> Store:
    return store


@app.get("/store")
def where(store: Annotated[Store, Depends(get_store)]):
    return {"path": str(store.path)}
