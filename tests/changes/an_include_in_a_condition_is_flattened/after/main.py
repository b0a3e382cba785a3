from fastapi import FastAPI

from routers import debug, items
from settings import DEBUG

app = FastAPI()
app.include_router(items.router)
if DEBUG:
    app.include_router(debug.router)
