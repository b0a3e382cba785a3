"""Which request paths two route templates share, held against Starlette's own regular expressions."""

import random
import re
import time

import pytest
from starlette.routing import compile_path

from fastapi_codemods.project.paths import common_path, covers, may_overlap

UUID = "0b9bc2a4-9f5c-4c1e-8f2a-0123456789ab"


@pytest.mark.parametrize(
    ("a", "b", "shared"),
    [
        ("/users/{id}", "/users/me", True),
        ("/users/{id:int}", "/users/me", False),
        ("/users/{id:int}", "/users/7", True),
        ("/users/{id:float}", "/users/{version}", True),
        ("/users/{id:float}", "/users/1.", False),
        ("/users/{id:int}", "/users/{id:uuid}", True),  # 32 digits
        ("/users/{id:uuid}", f"/users/{UUID}", True),
        ("/users/{id:uuid}", f"/users/{UUID[:-1]}", False),
        ("/users", "/users/", False),
        ("/users/", "/users/{id}", False),
        ("/users/{id}", "/items/{id}", False),
        ("/users/{id}", "/users/{id}/posts", False),
        ("/{bucket}/latest", "/files/{name}", True),
        ("/{kind}/x", "/{kind}/y", False),
        ("/files/{name}.{ext}", "/files/a.txt", True),
        ("/files/{name}.{ext}", "/files/readme", False),
        ("/files/{name}.json", "/files/{name}.xml", False),
        ("/files/{name}.json", "/files/a{rest}", True),
        ("/{a}-{b}", "/{a:int}", False),
        ("/{a}-{b}", "/{a:uuid}", True),
        ("/{path:path}", "/any/thing", True),
        ("/{path:path}", "/", True),
        ("/{path:path}", "", False),
        ("/files/{path:path}", "/files", False),
        ("/files/{path:path}", "/files/", True),
        ("/files{path:path}", "/files", True),
        ("/a/{path:path}/z", "/a/b/c/{id:int}", False),
        ("/a/{path:path}/z", "/{x}/{y}/{z}", True),
        ("/a/{path:path}/z", "/{x}/{y}", False),
        ("/{p:path}/a", "/b/{q:path}", True),
        ("/{p:path}a", "/{q:path}b", False),
        ("/x/{a:mine}", "/x/y/z", True),
        ("/x/{a:mine}", "/y", False),
        ("", "", True),
        ("", "/", False),
        ("/a.b", "/axb", False),
        ("/a+(b)$", "/a+(b)$", True),
        ("/{not a parameter}", "/{not a parameter}", True),
        ("/{not a parameter}", "/x", False),
    ],
)
def test_two_templates_may_match_one_path(a, b, shared):
    assert may_overlap(a, b) is shared
    assert may_overlap(b, a) is shared


@pytest.mark.parametrize(
    ("a", "b", "whole"),
    [
        ("/users/{id}", "/users/me", True),
        ("/users/me", "/users/{id}", False),
        ("/users/{id}", "/users/{name}", True),
        ("/users/{id}", "/users/{id:int}", True),
        ("/users/{id:int}", "/users/{id}", False),
        ("/users/{id:float}", "/users/{id:int}", True),
        ("/users/{id:int}", "/users/{id:float}", False),
        ("/users/{id}", "/users/{id}/posts", False),
        ("/{path:path}", "/users/{id}", True),
        ("/{path:path}", "/users/{rest:path}", True),
        ("/users/{rest:path}", "/{path:path}", False),
        ("/users/{rest:path}", "/users/", True),
        ("/users/{rest:path}", "/users", False),
        ("/{a}", "/{a}-{b}", True),
        ("/{a}-{b}", "/{a}-{b}-{c}", True),
        ("/{a}-{b}-{c}", "/{a}-{b}", False),
        ("/{a}-{b}", "/{a:uuid}", False),  # a UUID may come without hyphens
        ("/{p:path}", "/{x:mine}", True),
        ("/x/{a:mine}", "/x/{b:mine}", True),
        ("/x/{a:mine}", "/x/y", False),
        ("/{a}", "/{b:mine}", False),
        ("", "", True),
        ("/{{int}", "/{{x:int}", True),  # a brace and a parameter
        ("/{1}", "/{{x:int}", False),
    ],
)
def test_one_template_covers_another(a, b, whole):
    assert covers(a, b) is whole


@pytest.mark.parametrize(
    ("a", "b", "path"),
    [
        ("/users/{id}", "/users/me", "/users/me"),
        ("/users/{id}", "/{x}/{y:int}", "/users/1"),
        ("/{p:path}/a", "/b/{q:path}", "/b/a"),
        ("/users", "/items", None),
    ],
)
def test_a_shared_path_is_shown(a, b, path):
    assert common_path(a, b) == path


PIECES = [
    *("a", "b", "1", ".", "-", "ab", "a.b", "+", "*", "[", "\\", "{", "}", "{{", "é", "$"),
    *("{%s}", "{%s:int}", "{%s:float}", "{%s:path}", "{%s:str}", "{%s:uuid}", "{%s}", "{%s}"),
]
WORDS = ["a", "b", "1", ".", "-", "ab", "x", "0", "1.5", "/", "f", UUID, UUID.replace("-", ""), "{", "é", "$", "A"]


def random_template(choose: random.Random) -> str:
    names = iter("pqrstuvwxyz")
    template = ""
    for _ in range(choose.randint(0, 3)):
        pieces = choose.choices(PIECES, k=choose.choice((0, 1, 1, 1, 2)))
        template += "/" + "".join(p % next(names) if "%" in p else p for p in pieces)
    return template


def matching_path(choose: random.Random, template: str) -> str:
    """A path that the template matches, more or less."""
    values = {
        "": ["a", "b", "x", "1", "a.b", "1-1", "é"],
        "str": ["a", "1"],
        "int": ["1", "0", "01"],
        "float": ["1", "1.5", "01.0"],
        "path": ["", "a", "a/b", "/", "1/", "a.b/1"],
        "uuid": [UUID, UUID.upper(), UUID.replace("-", "")],
    }
    return re.sub(r"{([a-z])(?::(\w+))?}", lambda found: choose.choice(values[found.group(2) or ""]), template)


def test_random_templates_agree_with_starlette():
    choose = random.Random(20260101)
    shared = 0
    for _ in range(5_000):
        a = random_template(choose)
        # Half of the pairs are close to each other, or hardly any would share a path.
        b = random_template(choose) if choose.random() < 0.5 else matching_path(choose, a)
        if choose.random() < 0.3 and "{" not in b:
            b = re.sub("a|1", lambda _: choose.choice(("{p}", "{q:int}", "a")), b, count=1)
        first, second = (compile_path(template or "")[0] for template in (a, b))
        paths = {matching_path(choose, choose.choice((a, b))) for _ in range(4)}
        paths.add("/" + "".join(choose.choices(WORDS, k=choose.randint(0, 4))))
        seen = [path for path in paths if first.match(path) and second.match(path)]
        witness = common_path(a, b)
        if seen:
            assert witness is not None, (a, b, seen)
        if witness is not None:
            shared += 1
            assert first.match(witness), (a, b, witness)
            assert second.match(witness), (a, b, witness)
        for one, other, holds, held in ((a, b, first, second), (b, a, second, first)):
            if covers(one, other):
                assert witness is not None
                assert not [path for path in paths if held.match(path) and not holds.match(path)], (one, other)
    assert shared > 1200


def test_all_short_paths_agree_with_starlette():
    # Over an alphabet this small, templates without a path in common can be told from the others by trying.
    paths = ["".join(p) for n in range(6) for p in _words("a12z/-", n)]
    pieces = ["a", "1", "-", "{%s}", "{%s:int}", "{%s:path}", "/"]
    choose = random.Random(7)
    templates = {
        "/" + "".join(
            piece % name if "%" in piece else piece
            for piece, name in zip(choose.choices(pieces, k=choose.randint(0, 3)), "pqr", strict=False)
        )
        for _ in range(70)
    }  # fmt: skip
    languages = {t: {p for p in paths if compile_path(t)[0].match(p)} for t in templates}
    for a in templates:
        for b in templates:
            assert may_overlap(a, b) == bool(languages[a] & languages[b]), (a, b)
            assert covers(a, b) == (languages[a] >= languages[b]), (a, b)


def _words(alphabet: str, length: int):
    return [""] if not length else [w + c for w in _words(alphabet, length - 1) for c in alphabet]


def test_many_templates_are_compared_quickly():
    templates = [
        f"/api/v1/{name}s{rest}"
        for name in [f"thing{n}" for n in range(25)]
        for rest in ("", "/", "/me", "/{id}", "/{id}/x", "/{id}.{ext}", "/{id}/{sub:int}", "/{id:uuid}", "/{p:path}")
    ]
    templates += [f"/{{tenant{n}}}/{{area}}/x{n}" for n in range(74)] + ["/{p:path}"]
    start = time.perf_counter()
    for index, a in enumerate(templates):
        for b in templates[:index]:
            may_overlap(a, b)
    assert len(templates) == 300
    assert time.perf_counter() - start < 5  # takes half a second
