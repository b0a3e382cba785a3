from fastapi import FastAPI, Response

app = FastAPI()


@app.get("/download", operation_id="download")
def download():
    return Response(b"data", media_type="text/plain")
