import prices

if __name__ == "__main__":
    print(prices.tax(100.0))
