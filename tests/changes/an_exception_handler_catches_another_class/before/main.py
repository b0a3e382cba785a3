from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

app = FastAPI()


@app.exception_handler(StarletteHTTPException)
async def wrapped(request: Request, error: StarletteHTTPException):
    return JSONResponse({"error": error.detail}, status_code=error.status_code)


@app.get("/")
def root():
    return {}
