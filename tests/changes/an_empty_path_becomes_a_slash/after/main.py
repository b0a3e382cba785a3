from fastapi import APIRouter, FastAPI

router = APIRouter()


@router.get("/orders")
def list_orders():
    return []


@router.post("/orders", status_code=201)
def create_order(order: dict[str, int]):
    return order


app = FastAPI()
app.include_router(router)
