from fastapi import FastAPI

from app.items import router as items_router


def create_app() -> FastAPI:
    app = FastAPI(title="shop")
    app.include_router(items_router, prefix="/items", tags=["items"])
    return app
