from fastapi import Depends, FastAPI, Header, HTTPException

from fastapi import APIRouter

app = FastAPI()
admin = APIRouter(prefix="/admin", tags=["admin"], dependencies=[])


def require_key(x_key: str = Header()):
    if x_key != "secret":
        raise HTTPException(status_code=403, detail="no")


@admin.get("/users")
def list_users():
    return ["ada", "bob"]


@admin.delete("/users/{name}")
def delete_user(name: str):
    return {"deleted": name}


app.include_router(admin)
