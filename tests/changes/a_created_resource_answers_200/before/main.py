from fastapi import APIRouter, FastAPI, status

router = APIRouter()


@router.post("/tags", status_code=status.HTTP_201_CREATED)
async def create_tag(name: str) -> str:
    return name


app = FastAPI()
app.include_router(router, prefix="/v1")
