from services.stock import reserve


def place(sku: str) -> dict:
    reserve(sku)
    return describe(sku)


def describe(sku: str) -> dict:
    return {"sku": sku}
