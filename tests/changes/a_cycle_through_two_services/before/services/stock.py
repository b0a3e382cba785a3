RESERVED: list[str] = []


def reserve(sku: str) -> None:
    RESERVED.append(sku)
