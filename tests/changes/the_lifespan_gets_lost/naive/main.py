from contextlib import asynccontextmanager

from fastapi import FastAPI, Request


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.model = {"weights": 3}
    yield
    app.state.model = None


def create_app() -> FastAPI:
    app = FastAPI()

    @app.get("/predict")
    def predict(request: Request):
        return request.app.state.model

    return app
