from fastapi import FastAPI

from routers import accounts, users

app = FastAPI()
for module in (users, accounts):
    app.include_router(module.router)
