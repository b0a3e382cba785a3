from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette import exceptions

app = FastAPI()


@app.exception_handler(exceptions.HTTPException)
async def wrapped(request: Request, error: exceptions.HTTPException):
    return JSONResponse({"error": error.detail}, status_code=error.status_code)


@app.get("/")
def root():
    return {}
