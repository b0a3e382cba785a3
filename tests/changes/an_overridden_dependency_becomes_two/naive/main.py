from fastapi import FastAPI

from rows import router

app = FastAPI()
app.include_router(router)


def get_session():
    return {"db": "real"}
