from fastapi import APIRouter, FastAPI

router = APIRouter(prefix="/orders")


@router.get("")
def list_orders():
    return []


@router.post("", status_code=201)
def create_order(order: dict[str, int]):
    return order


app = FastAPI()
app.include_router(router)
