from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException

app = FastAPI()


def require_key(x_key: str = Header()):
    if x_key != "secret":
        raise HTTPException(status_code=403, detail="no")


admin = APIRouter(prefix="/admin", tags=["admin"], dependencies=[Depends(require_key)])


@admin.get("/users")
def list_users():
    return ["ada", "bob"]


@admin.delete("/users/{name}")
def delete_user(name: str):
    return {"deleted": name}


app.include_router(admin)
