from fastapi import FastAPI

from rows import get_session, router

__all__ = ["app", "get_session"]

app = FastAPI()
app.include_router(router)
