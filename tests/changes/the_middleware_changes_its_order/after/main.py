from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import JSONResponse


async def only_with_key(request, call_next):
    if "x-key" not in request.headers:
        return JSONResponse({"detail": "key"}, status_code=401)
    return await call_next(request)


app = FastAPI(
    middleware=[
        Middleware(CORSMiddleware, allow_origins=["https://shop.example"]),
        Middleware(BaseHTTPMiddleware, dispatch=only_with_key),
    ]
)


@app.get("/")
def root():
    return {}
