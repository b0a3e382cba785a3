# TODO: use a real database one day. For now everything is in dictionaries.


class Database:
    def __init__(self):
        self.products = {}
        self.users = {}
        self.carts = {}
        self.orders = []


_db = Database()


def get_db():
    return _db


def create_tables():
    _db.products.clear()
    _db.users.clear()
    _db.carts.clear()
    _db.orders.clear()


def add_demo_data():
    _db.products[1] = {"id": 1, "name": "Coffee mug", "price": 9.5, "stock": 12}
    _db.products[2] = {"id": 2, "name": "Tea pot", "price": 24.0, "stock": 3}
    _db.products[3] = {"id": 3, "name": "Coffee beans 1kg", "price": 17.9, "stock": 0}
    _db.users["secret-anna"] = {"name": "anna", "admin": False}
    _db.users["secret-bob"] = {"name": "bob", "admin": True}


def close():
    pass
