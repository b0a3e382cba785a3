def tax(net: float) -> float:
    return net * 0.2
