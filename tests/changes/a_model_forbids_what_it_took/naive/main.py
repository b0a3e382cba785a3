from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Document(BaseModel):
    title: str


@app.put("/documents/{key}")
def put(key: str, document: Document):
    return {**document.model_dump(), "key": key}
