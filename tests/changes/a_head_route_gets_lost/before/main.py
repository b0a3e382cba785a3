from fastapi import FastAPI, Response

app = FastAPI()


@app.api_route("/download", methods=["GET", "HEAD"], operation_id="download")
def download():
    return Response(b"data", media_type="text/plain")
