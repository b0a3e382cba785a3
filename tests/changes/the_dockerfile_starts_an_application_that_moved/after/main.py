from fastapi import FastAPI

api = app = FastAPI()


@api.get("/")
def root():
    return {}
