import os


def sizes(folder):
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            yield name, os.path.getsize(path)


if __name__ == "__main__":
    for name, size in sizes("."):
        print(f"{size:10} {name}")
