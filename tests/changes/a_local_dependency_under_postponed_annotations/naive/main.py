from __future__ import annotations

from typing import Annotated

from fastapi import Depends, FastAPI


def create_app(url: str = "db://") -> FastAPI:
    app = FastAPI()

    def get_connection() -> str:
        return url

    @app.get("/items")
    def list_items(connection: Annotated[str, Depends(get_connection)]):
        return {"connection": connection}

    return app
