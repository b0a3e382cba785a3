from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()

USERS = {1: {"name": "ada", "password": "hunter2"}}


class UserOut(BaseModel):
    name: str


@app.get("/users/{user_id}")
def read_user(user_id: int) -> UserOut:
    return UserOut(name=USERS.get(user_id, USERS[1])["name"])
