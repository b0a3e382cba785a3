from fastapi import FastAPI

from routers import accounts, users

app = FastAPI()
for module in (accounts, users):
    app.include_router(module.router)
