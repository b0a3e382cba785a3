from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse

app = FastAPI()


@app.exception_handler(HTTPException)
async def wrapped(request: Request, error: HTTPException):
    return JSONResponse({"error": error.detail}, status_code=error.status_code)


@app.get("/")
def root():
    return {}
