from services.orders import describe

RESERVED: list[str] = []


def reserve(sku: str) -> None:
    RESERVED.append(describe(sku)["sku"])
