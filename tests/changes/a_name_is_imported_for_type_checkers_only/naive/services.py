class Clock:
    def now(self) -> str:
        return "noon"


def get_clock() -> Clock:
    return Clock()
