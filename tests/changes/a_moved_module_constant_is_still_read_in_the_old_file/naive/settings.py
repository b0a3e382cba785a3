import os

PAGE_SIZE = int(os.environ.get("PAGE_SIZE", "20"))
