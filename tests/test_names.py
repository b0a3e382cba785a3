"""What is known of module-level names."""

import pytest

from fastapi_codemods.project import Project
from fastapi_codemods.project.names import exported_names, facts_of, names_of
from fastapi_codemods.source import UnreadableSourceError
from tests.harness import write_tree

APP = "from fastapi import FastAPI\napp = FastAPI()\n"


@pytest.fixture
def project(tmp_path):
    """A project of these modules; paths have no suffix."""

    def make(files):
        return Project.open(write_tree(tmp_path, {f"{path}.py": text.encode() for path, text in files.items()}))

    return make


@pytest.fixture
def facts(project):
    """The facts of `x` in main.py."""

    def find(text, name="x", path="main.py", **others):
        opened = project({"main": text, **others})
        module = opened.module(path)
        assert module is not None
        found = facts_of(opened, module, name)
        together = names_of(opened, module).get(name)
        assert without_nodes(found) == without_nodes(together)  # one name alone is told the same of
        return found

    return find


def without_nodes(found):
    return found and found._replace(used_elsewhere=tuple(use._replace(node=None) for use in found.used_elsewhere))


def changes(found):
    return [(change.place.line, change.how) for change in found]


def places(found):
    return [(place.line, place.function) for place in found]


@pytest.mark.parametrize(
    ("text", "rebound"),
    [
        ("x = 1\n", []),
        ("x = 1\nx = 2\n", [(2, "again")]),
        ("x = None\ndef f():\n    global x\n    x = 1\n", [(4, "global")]),
        ("def f():\n    global x, y\n    x += 1\n", [(3, "global")]),
        ("x = None\ndef f():\n    global x\n    def g():\n        x = 1\n", []),
        ("x = None\ndef f():\n    def g():\n        global x\n        x = 1\n    x = 2\n", [(5, "global")]),
        ("x = None\ndef f():\n    global x\n    import x\n", [(4, "global")]),
        ("x = None\ndef f():\n    global x\n    for x in y: pass\n", [(4, "global")]),
        ("x = None\ndef f():\n    global x\n    with y as x: pass\n", [(4, "global")]),
        ("x = 1\nx += 1\n", [(2, "augmented")]),
        ("for x in y:\n    pass\n", [(1, "loop")]),
        ("for y in z:\n    x = y\n", [(2, "loop")]),
        ("x = 1\ndel x\n", [(2, "del")]),
        ("try:\n    import x\nexcept ImportError:\n    x = None\n", [(4, "conditional")]),
        ("x = 1\nif y:\n    x = 2\n", [(3, "conditional")]),
        ("if y:\n    x = 2\n", []),
        ("def x(): ...\ndef x(): ...\n", [(2, "again")]),
        ("from typing import overload\n@overload\ndef x(): ...\ndef x(): ...\n", []),
        ("x: int\nx = 1\n", []),
        ("x = 1\n(y, [*x]) = z\n", [(2, "again")]),
        ("x = 1\nprint(x := 2)\n", [(2, "again")]),
        ("x = 1\n[x := y for y in z]\n", [(2, "again")]),
        ("x = 1\nmatch y:\n    case {'a': 1, **x}: pass\n", [(3, "conditional")]),
        ("x = 1\nclass A:\n    x = 2\n", []),
        ("x = 1\nclass A:\n    global x\n    x = 2\n", [(4, "global")]),
        ("x = 1\ndef f(x):\n    x = 2\n", []),
        ("x = 1\ny = [x for x in z]\n", []),
        ("x = 1\nclass A:\n    def m(self):\n        global x\n        x = 1\n", [(5, "global")]),
    ],
)
def test_what_binds_a_name_again(facts, text, rebound):
    assert changes(facts(text).rebound) == rebound


@pytest.mark.parametrize(
    ("text", "mutated"),
    [
        ("x.append(1)", "append"),
        ("x.update(a=1)", "update"),
        ("x[0] = 1", "item"),
        ("x[0] += 1", "item"),
        ("del x[0]", "del item"),
        ("x.y = 1", "attribute"),
        ("x.y.z = 1", "attribute"),
        ("x['a'].append(1)", "append"),
        ("x['a']['b'] = 1", "item"),
        ("a, x[0] = 1, 2", "item"),
        ("for x[0] in y: pass", "item"),
        ("setattr(x, 'a', 1)", "attribute"),
        ("del x.y", "del attribute"),
        ("y = lambda: x.pop()", "pop"),
        ("y = [x.add(z) for z in x]", "add"),
        ("y[x] = 1", None),
        ("x.put(1)", None),
        ("x.get(1)", None),
        ("x().append(1)", None),
        ("y.x.append(1)", None),
        ("x = []; x.append(1)", None),
    ],
)
def test_what_mutates_a_name(facts, text, mutated):
    found = facts(f"x = {{}}\ndef f():\n    {text}\n")

    assert [change.how for change in found.mutated] == ([mutated] if mutated else [])
    assert all(change.place.function == "f" for change in found.mutated)
    assert found.container == "dict"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("def f():\n    return x\n", [(3, "f")]),
        ("def f(a=x): ...\n", [(2, "")]),
        ("@x\ndef f(): ...\n", [(2, "")]),
        ("def f(a: x) -> x: ...\n", [(2, ""), (2, "")]),
        ("def f(a: 'list[x]'): ...\n", [(2, "")]),
        ("def f(a: Literal['x']): ...\n", []),
        ("def f(a: Annotated['x', 'x']): ...\n", [(2, "")]),
        ("class A(x):\n    y = x\n", [(2, ""), (3, "")]),
        ("class A:\n    def m(self):\n        return x\n", [(4, "A.m")]),
        ("class A:\n    x = x\n    y = x\n", [(3, "")]),
        ("class A:\n    x = 1\n    def m(self):\n        return x\n", [(5, "A.m")]),
        ("def f():\n    def g():\n        return x\n", [(4, "f.g")]),
        ("def f():\n    x = 1\n    def g():\n        return x\n", []),
        ("def f():\n    x = 1\n    def g():\n        nonlocal x\n        x += 1\n", []),
        ("def f():\n    import x\n    x()\n", []),
        ("def f():\n    try: pass\n    except E as x: print(x)\n", []),
        ("def f():\n    if (x := 1): print(x)\n", []),
        ("def f():\n    print([x := 1 for a in b], x)\n", []),
        ("y = lambda x: x\n", []),
        ("y = lambda a=x: a\n", [(2, "")]),
        ("y = [x for x in x]\n", [(2, "")]),
        ("y = {a: x for a in b}\n", [(2, "")]),
        ("y = f'{x}'\n", [(2, "")]),
        ("y.x(x=1)\n", []),
        ("def f():\n    match y:\n        case x: print(x)\n", []),
        ("match y:\n    case x.z: pass\n", [(3, "")]),
        ("def f():\n    global x\n    x += 1\n", [(4, "f")]),
        ("async def f():\n    async with x as y: pass\n    return await x\n", [(3, "f"), (4, "f")]),
    ],
)
def test_who_reads_a_name(facts, text, read):
    assert places(facts(f"x = 1\n{text}").read) == read


def test_places_say_in_which_definition_they_stand(facts):
    found = facts("x = 1\n@x\ndef f(a=x):\n    'é'; x\nclass C:\n    def m(self): x\nx\n")

    assert [(p.line, p.column, p.function, p.definition) for p in found.read] == [
        (2, 2, "", "f"),
        (3, 9, "", "f"),
        (4, 10, "f", "f"),
        (6, 18, "C.m", "C"),
        (7, 1, "", ""),
    ]
    assert found.readers == {"", "f", "C.m"}


@pytest.mark.parametrize(
    ("text", "kind", "conditional"),
    [
        ("import x\n", "import", False),
        ("from a import b as x\n", "import", False),
        ("class x: ...\n", "class", False),
        ("async def x(): ...\n", "def", False),
        ("if a:\n    x = 1\n", "assign", True),
        ("if a:\n    x = 1\nx = 2\n", "assign", False),
        ("def f():\n    global x\n    x = 1\n", "other", True),
    ],
)
def test_a_name_is_of_a_kind(facts, text, kind, conditional):
    found = facts(text)

    assert (found.kind, found.conditional) == (kind, conditional)


def test_a_name_that_is_not_bound_has_no_facts(facts):
    assert facts("print(x)\ndef f(): x = 1\n") is None


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("other", "from main import x\n", [("name", "x", 1, "")]),
        ("other", "from main import (\n    x as y,\n)\n", [("name", "y", 1, "")]),
        ("other", "from main import *\n", [("star", "x", 1, "")]),
        ("other", "import main\nmain.x\n", [("module", "main", 1, "")]),
        ("other", "import main as m\nm.x\n", [("module", "m", 1, "")]),
        ("other", "import main\nmain.z\n", []),
        ("other", "def f():\n    from main import x\n", [("name", "x", 2, "f")]),
        ("other", "class A:\n    def f():\n        if 1:\n            from main import x\n", [("name", "x", 4, "A.f")]),
        ("other", "'''\nfrom main import x\n'''\n", []),
        ("other", "from main import xy\n", []),
        ("main_of_another/main", "from .. import x\n", []),
    ],
)
def test_imports_are_found_in_all_forms(facts, path, text, found):
    imported = facts("x = 1\n", **{path: text}).imported

    assert [(i.kind, i.local, i.place.line, i.place.function) for i in imported] == found


def test_imports_may_be_conditional_or_for_type_checkers(facts):
    line = "    from main import x\n"
    text = f"if TYPE_CHECKING:\n{line}else:\n{line}try:\n{line}finally: ...\n"
    imported = facts("x = 1\n", other=text).imported

    assert [(i.conditional, i.type_checking) for i in imported] == [(True, True), (True, False), (True, False)]


def test_imports_are_followed_through_what_hands_a_name_on(project):
    opened = project(
        {
            "pkg/__init__": "from .a import x as y\nfrom .b import *\n",
            "pkg/a": "x = 1\n",
            "pkg/b": "__all__ = ['_z']\n_z = 1\nhidden = 1\n",
            "one": "from pkg import y\n",
            "two": "from pkg import _z, hidden\n",
            "three": "import pkg.a\npkg.a.x\n",
            "pkg/sub/__init__": "",
            "pkg/sub/c": "from ..a import x\nfrom .. import a\na.x\n",
        }
    )

    def importers(path, name):
        found = facts_of(opened, opened.module(path), name)
        assert found is not None
        return [(i.place.path, i.place.line) for i in found.imported]

    assert importers("pkg/a.py", "x") == [
        ("one.py", 1),
        ("pkg/__init__.py", 1),
        ("pkg/sub/c.py", 1),
        ("pkg/sub/c.py", 2),
        ("three.py", 1),
    ]
    assert importers("pkg/b.py", "_z") == [("pkg/__init__.py", 2), ("two.py", 1)]
    assert importers("pkg/b.py", "hidden") == []


@pytest.mark.parametrize("root", ["src/", "backend/", ""])
def test_imports_start_at_the_root_that_the_project_uses(project, root):
    # A namespace package: nothing but the imports says where it starts.
    opened = project(
        {
            f"{root}ns/main": f"{APP}from ns.deps import x\n",
            f"{root}ns/deps": "x = 1\n",
            "tests/test_main": "import ns.deps\nns.deps.x\n",
        }
    )
    found = facts_of(opened, opened.module(f"{root}ns/deps.py"), "x")
    assert found is not None

    assert [i.place.path for i in found.imported] == [f"{root}ns/main.py", "tests/test_main.py"]


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("import main\nmain.x = 1\n", "again"),
        ("import main\nmain.x += 1\n", "augmented"),
        ("import main\ndel main.x\n", "del"),
        ("import main\nmain.x['a'] = 1\n", "item"),
        ("import main\nmain.x.y = 1\n", "attribute"),
        ("from main import x\nx.append(1)\n", "append"),
        ("from main import x\nx = 1\n", None),
        ("from main import x\ny[x] = 1\n", None),
        ("from main import x\nprint(x)\n", None),
    ],
)
def test_other_modules_may_change_it(facts, text, how):
    found = facts("x = []\n", other=text)

    assert [change.how for change in found.changed_elsewhere] == ([how] if how else [])


def test_uses_elsewhere_are_told(facts):
    found = facts("x = []\nprint(x)\n", other="from main import x\nprint(x)\n")

    assert [(use.path, use.line, use.kind) for use in found.used_elsewhere] == [("other.py", 2, "argument")]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", None),
        ("__all__ = ['a', 'b']\n", {"a", "b"}),
        ("__all__: list[str] = []\n__all__ += ('a',)\n__all__.extend(['b'])\n__all__.append('c')\n", {"a", "b", "c"}),
        ("__all__ = [n for n in dir()]\n", None),
        ("__all__ = ['a']\n__all__ += other.__all__\n", None),
        ("__all__ = ['a']\nif 1:\n    __all__ += ['b']\n", None),
    ],
)
def test_what_a_module_exports(project, text, names):
    module = project({"main": text}).module("main.py")
    assert module is not None

    assert exported_names(module) == names


def test_a_statement_that_cannot_be_read_is_said(project):
    opened = project({"main": f"{APP}{'# ' * 200_000}\nx = 1\ndef f():\n    return x +\n"})
    module = opened.module("main.py")
    assert module is not None

    with pytest.raises(UnreadableSourceError):
        facts_of(opened, module, "x")
