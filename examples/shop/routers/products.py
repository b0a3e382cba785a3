from fastapi import APIRouter, Body, Depends, HTTPException, Path, Query

from auth import get_admin
from database import get_db
from models import Product

router = APIRouter()


@router.get("/")
def list_products(
    skip: int = 0,
    limit: int = Query(default=20, le=100),
    # prices are in euro
    max_price: float | None = Query(None, alias="max-price"),
    db=Depends(get_db),
):
    products = list(db.products.values())
    if max_price is not None:
        products = [p for p in products if p["price"] <= max_price]
    return products[skip : skip + limit]


@router.get("/{product_id}")
def get_product(product_id: int = Path(..., ge=1), db=Depends(get_db)):
    if product_id not in db.products:
        raise HTTPException(status_code=404, detail="no such product")
    return db.products[product_id]


@router.post("/", status_code=201)
def add_product(
    product: Product,
    notify: bool = False,
    admin: dict = Depends(get_admin),
    db=Depends(get_db),
):
    new_id = max(db.products, default=0) + 1
    db.products[new_id] = {"id": new_id, **product.model_dump()}
    if notify:
        print("new product, added by", admin["name"])
    return db.products[new_id]


@router.patch("/{product_id}/price", dependencies=[Depends(get_admin)])
def change_price(
    product_id: int,
    price: float = Body(..., embed=True, gt=0),  # {"price": 12.5}
    db=Depends(get_db),
):
    product = get_product(product_id, db)
    product["price"] = price
    return product
