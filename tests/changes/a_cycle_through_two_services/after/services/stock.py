RESERVED: list[str] = []


def reserve(sku: str) -> None:
    from services.orders import describe

    RESERVED.append(describe(sku)["sku"])
