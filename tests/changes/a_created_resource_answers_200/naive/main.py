from fastapi import APIRouter, FastAPI

router = APIRouter()


@router.post("/tags")
async def create_tag(name: str) -> str:
    return name


app = FastAPI()
app.include_router(router, prefix="/v1")
