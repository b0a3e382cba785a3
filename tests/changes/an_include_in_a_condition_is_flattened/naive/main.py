from fastapi import FastAPI

from routers import debug, items

app = FastAPI()
app.include_router(items.router)
app.include_router(debug.router)
