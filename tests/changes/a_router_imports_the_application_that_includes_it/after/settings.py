SETTINGS = {"limit": 3}
