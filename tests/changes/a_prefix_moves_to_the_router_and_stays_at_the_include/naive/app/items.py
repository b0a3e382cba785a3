from fastapi import APIRouter

router = APIRouter(prefix="/items", tags=["items"])


@router.get("")
async def list_items() -> list[str]:
    return []


@router.get("/{item_id}")
async def read_item(item_id: int) -> dict[str, int]:
    return {"id": item_id}
