from fastapi import FastAPI

from routers import notes

SETTINGS = {"limit": 3}

app = FastAPI()
app.include_router(notes.router)
