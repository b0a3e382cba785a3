import time

from fastapi import FastAPI

from clients import fetch
from weather import router

__all__ = ["app", "fetch"]

app = FastAPI()
app.include_router(router)
