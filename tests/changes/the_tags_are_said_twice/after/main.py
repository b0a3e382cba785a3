from fastapi import APIRouter, FastAPI

router = APIRouter(prefix="/books", tags=["books"])


@router.get("")
def list_books():
    return []


@router.get("/{isbn}")
def read_book(isbn: str):
    return isbn


app = FastAPI()
app.include_router(router)
