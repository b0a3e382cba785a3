from fastapi import FastAPI

from routers import accounts, users

app = FastAPI()
app.include_router(accounts.router)
app.include_router(users.router)
