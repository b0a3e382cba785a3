from pathlib import Path

from fastapi import FastAPI


class Store:
    def __init__(self, path: str = "data.json") -> None:
        self.path = Path(path)


app = FastAPI()
store = Store()


@app.get("/store")
def where():
    return {"path": str(store.path)}
