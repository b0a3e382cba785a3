from fastapi import FastAPI

from routers import debug, items
from settings import DEBUG

app = FastAPI()
for module in [items, debug] if DEBUG else [items]:
    app.include_router(module.router)
