"""Checks that each C++ block of the documents is a snippet that is built and run.

In a document, `<!-- snippet: FILE NAME -->` stands before a ```cpp block that must equal the lines between the two
`// [NAME]` of docs/snippets/FILE, less their common indentation. With --write, the documents are brought up to date.

Checks, too, that the tables for those who come from Python have all the names of its modules.
"""
import pathlib
import re
import sys
import textwrap

MARKED = re.compile(r"<!-- snippet: (\S+) (\S+) -->\n```cpp\n(.*?)```\n", re.S)
BLOCK = re.compile(r"```cpp\n")


def snippet(root, file, name):
    text = (root / "docs/snippets" / file).read_text()
    parts = re.split(rf"^ *// \[{re.escape(name)}\]\n", text, flags=re.M)
    if len(parts) != 3:
        sys.exit(f"docs/snippets/{file} does not have exactly two lines // [{name}]")
    return textwrap.dedent(parts[1])


# For each list of a Python module's names, the page whose tables say what stands for them.
TABLES = {"asyncio_names.txt": "coming-from-asyncio.md", "multiprocessing_names.txt": "processes.md"}


def missing_names(root, names_file, page):
    """Names that the page for those who come from Python leaves out."""
    table = (root / "docs" / page).read_text()
    lines = (root / "docs/snippets" / names_file).read_text().splitlines()
    names = [name for line in lines if not line.startswith("#") for name in line.split()]
    return [name for name in names if not re.search(rf"\b{name}\b", table)]


def main():
    root = pathlib.Path(sys.argv[1])
    write = "--write" in sys.argv
    wrong = 0
    for document in [root / "README.md", *sorted((root / "docs").rglob("*.md"))]:
        text = document.read_text()
        fresh = MARKED.sub(
            lambda m: f"<!-- snippet: {m[1]} {m[2]} -->\n```cpp\n{snippet(root, m[1], m[2])}```\n", text)
        if len(BLOCK.findall(text)) != len(MARKED.findall(text)):
            print(f"{document.relative_to(root)}: a ```cpp block without <!-- snippet: … --> before it")
            wrong += 1
        if fresh != text and write:
            document.write_text(fresh)
        elif fresh != text:
            print(f"{document.relative_to(root)}: differs from docs/snippets; run {sys.argv[0]} {root} --write")
            wrong += 1
    for names_file, page in TABLES.items():
        for name in missing_names(root, names_file, page):
            print(f"docs/{page}: does not mention {name}, which docs/snippets/{names_file} has")
            wrong += 1
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
