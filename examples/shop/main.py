# My little shop!! run with: uvicorn main:app --reload
from fastapi import FastAPI, Depends, Query
from fastapi.middleware.cors import CORSMiddleware

import database
from auth import get_current_user
from routers import cart, orders, products

app = FastAPI(title="Shop API", version="0.3")

app.add_middleware(
    CORSMiddleware,
    allow_origins=["http://localhost:3000"],  # the react frontend
    allow_methods=["*"],
    allow_headers=["*"],
)


@app.on_event("startup")
def startup():
    # make sure the tables are there before the first request
    print("starting...")
    database.create_tables()
    database.add_demo_data()


@app.on_event("shutdown")
def shutdown():
    database.close()
    print("bye")


app.include_router(products.router, prefix="/products", tags=["products"])
app.include_router(cart.router, prefix="/cart", tags=["cart"])

# orders are here two times because the old mobile app still uses the /v1 urls
app.include_router(orders.router, prefix="/orders", tags=["orders"])
app.include_router(orders.router, prefix="/v1/orders", tags=["old app"], include_in_schema=False)


@app.get("/")
def home():
    return {"message": "welcome to the shop", "docs": "/docs"}


@app.get("/me")
def me(user: dict = Depends(get_current_user)):
    return user


@app.get("/search")
def search(
    q: str = Query(..., min_length=2, description="What to look for"),
    limit: int = Query(10, le=50),  # more than 50 is too slow
    db=Depends(database.get_db),
):
    found = []
    for product in db.products.values():
        if q.lower() in product["name"].lower():
            found.append(product)
    return found[:limit]
