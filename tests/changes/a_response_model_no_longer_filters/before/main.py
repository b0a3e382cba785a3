from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()

USERS = {1: {"name": "ada", "password": "hunter2"}}


class UserOut(BaseModel):
    name: str


@app.get("/users/{user_id}", response_model=UserOut)
def read_user(user_id: int):
    return USERS.get(user_id, USERS[1])
