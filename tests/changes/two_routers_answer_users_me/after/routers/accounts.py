from fastapi import APIRouter

router = APIRouter(prefix="/users", tags=["accounts"])


@router.get("/me")
async def read_own_account():
    return {"user": "me"}
