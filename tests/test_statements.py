"""A module is a list of statements with exact text: held against `ast`, on written cases, made ones and real files."""

import importlib.util
import random
import re
import textwrap
from collections import Counter
from pathlib import Path

import pytest

from fastapi_codemods.source import UnreadableSourceError, read, split
from fastapi_codemods.source.statements import header_end, in_code, line_starts, parse

_spec = importlib.util.spec_from_file_location("roundtrip", Path(__file__).parents[1] / "scripts/roundtrip.py")
assert _spec is not None
assert _spec.loader is not None
roundtrip = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(roundtrip)
installed, problems_of, python_files = roundtrip.installed, roundtrip.problems_of, roundtrip.python_files

REAL_FILES = python_files(installed())
SAMPLE = random.Random(2).sample(REAL_FILES, min(600, len(REAL_FILES)))


def problems(data, *, headers=True):
    return list(problems_of(data, Counter(), headers=headers))


def statements_of(text):
    statements, _ = split(text)
    return [text[statement.start : statement.end] for statement in statements]


@pytest.mark.parametrize("part", range(6))
def test_installed_files_come_back_from_their_statements(part):
    counts: Counter[str] = Counter()
    failures = [
        f"{file} {problem}"
        for file in SAMPLE[part::6]
        for problem in problems_of(file.read_bytes(), counts, headers=False)
    ]

    assert failures == []
    assert counts["statements"] > 500


def test_headers_in_installed_files_come_back_from_libcst():
    counts: Counter[str] = Counter()
    failures = [f"{file} {problem}" for file in SAMPLE[:60] for problem in problems_of(file.read_bytes(), counts)]

    assert failures == []
    assert counts["headers"] > 50


HARD = {
    "empty": b"",
    "only a byte order mark": b"\xef\xbb\xbf",
    "only comments": b"# a\n# b",
    "only blank lines": b"\n\n  \n",
    "no final newline": b"x = 1\ny = 2",
    "form feed between statements": b"x = 1\n\x0cy = 2\n\x0c\ndef f():\n    pass\n",
    "form feed in front of an indented line": b"def f():\n    a\n\x0c    b\nc\n",
    "form feed behind blanks": b"x = 1\n  \x0cy = 2\n",
    "form feed behind a tab in line 1": b"\t\x0cx = 1\ny = 2\n",
    "continued line that is empty": b"x = 1\n\\\ny = 2\n",
    "several continued lines that are empty": b"x = 1\n\\\n\\\ny = 2\n",
    "continued line that is empty, CRLF": b"x = 1\r\n\\\r\ny = 2\r\n",
    "continued line at the very start": b"\\\nx = 1\n",
    "continued line that is empty, in a body": b"def f():\n    a\n\\\n    b\nc\n",
    "continued line whose second half is at column 0, in a body": b"if x:\n    a\n    \\\nb\nc\n",
    "continued line whose second half is at column 0": b"x = \\\n1\nassert x, \\\n'y'\nz\n",
    "backslash that ends a comment": b"x = 1\n# a \\\ny = 2\n",
    "backslash at column 0 of a string": b"x = '''\n\\\n'''\ny = 1\n",
    "decorators with arguments on several lines": b"@d(\n    1,\n)\n@e\n# c\n\ndef f(): pass\n@g\nclass A: pass\n",
    "strings at column 0 in brackets": b"x = [\n'a',\n'''\nb''',\n]\ny\n",
    "brackets closed at column 0": b"f(\na,\nb\n)\n[\n1\n]\n{\n}\n",
    "else at column 0": b"if x:\n    a\nelse:\n    b\nfor a in b:\n    c\nelse:\n    d\nwhile x: pass\nelse: pass\n",
    "except and finally at column 0": b"try:\n    a\nexcept A:\n    b\nexcept:\n    c\nelse:\n    c\nfinally:\n    d\n",
    "names that start like else": b"if a:\n  pass\nelif b:\n  pass\nelsewhere = 1\nexcepting = 2\nfinally_ = 3\n",
    "semicolons": b"a; b; c\nd;\nif x: a; b\ne",
    "semicolon behind a string of several lines": b"a = '''\n'''; b = 1\nc\n",
    "semicolon behind a bracket of several lines": b"a = (\n1); b = (\n2)\nc\n",
    "semicolon behind a bracket of several lines, lone CR": b"a = (\r1); b = (\r2)\rc\r",
    "match as a name and as a statement": b"match = 1\nmatch(x)\nmatch.y = 2\nmatch x:\n    case 1: pass\ncase = 3\n",
    "type as a name": b"type = 1\ntype(x)\ntype.x = 3\n",
    "async": b"async def f():\n    pass\nasync  def g(): await x\n",
    "comments at column 0 in a body": b"def f():\n# c\n    a\n# d\n\n# e\n    b\n# f\nc\n",
    "statements that start with a sign": b"-1\n~x\nnot y\n...\n*a, b = c\n(lambda: 1)()\n{}\n",
    "strings as statements": b"'doc'\n'''more'''\nb'x'\nrb'x'\nf'{x}'\n",
    "implicit concatenation": b"x = ('a'\n'b'\n\"c\")\ny\n",
    "quotes of the other kind in an f-string": b"x = f'{a!r:{b}}'\ny = f\"{x['a']}\"\nz = f'''{x[\"#\"]}'''\nw\n",
    "f-string over several lines": b"x = f'''\n{\na}\n'''\ny = 1\n",
    "colons in a header": b"def f(x: a[1:2] = {1: 2}, y=lambda: 3) -> {1: 2}[1]: pass\n",
    "string continued by a backslash": b"x = 'a\\\nb'\ny\n",
    "string continued by a backslash, CRLF": b"x = 'a\\\r\nb'\r\ny\r\n",
    "CRLF": b"x = 1\r\ndef f():\r\n    a\r\ny\r\n",
    "lone CR": b"x = 1\rdef f():\r    a\ry\r",
    "mixed line ends": b"x = 1\r\ny = 2\nz = 3\rw = 4\n",
    "CR in front of CRLF": b"x = 1\r\r\ny = 2\n",
    "lone CR in a comment": b"# a\rx = 1\n",
    "lone CR in a string": b"x = '''a\rb'''\ny = 2\n",
    "tabs": b"def f():\n\ta\n\tif b:\n\t\tc\nx\n",
    "line separators that are none for Python": "x = 1 # \x85\ny = '\u2028'\nz = '\x0b'  # \x1c\nw\n".encode(),
    "byte order mark": b"\xef\xbb\xbfx = '\xc3\xa4'\n",
    "byte order mark and declaration": b"\xef\xbb\xbf# coding: utf-8\nx = 1\n",
    "latin-1 declared in line 1": b"# coding: latin-1\nx = '\xe4'\n",
    "latin-1 declared in line 2": b"#!/usr/bin/python\n# -*- coding: latin-1 -*-\nx = '\xe4'\n",
    "latin-1 declared in line 2, CRLF": b"#!/x\r\n# coding: latin-1\r\nx = '\xe4'\r\n",
    "cp1252 declared for vim": b"# vim: set fileencoding=cp1252 :\nx = '\x80'\n",
    "declarations of Emacs": b"# -*- coding: latin-1-unix -*-\nx = '\xe4'\n",
    "utf-8 as it is also spelled": b"# coding: UTF_8\nx = '\xc3\xa4'\n",
    "Shift JIS": "# coding: shift_jis\nx = '表'\n".encode("shift_jis"),
    "ISO 2022": "# coding: iso-2022-jp\nx = '表'\ny = 'b'\n".encode("iso-2022-jp"),
}


@pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in HARD.items()])
def test_hard_cases_are_split_as_ast_does(data):
    counts: Counter[str] = Counter()

    assert list(problems_of(data, counts)) == []
    assert not counts["files that Python cannot parse"]


def test_made_modules_are_split_as_ast_does():
    """Pieces of the hard cases, put together at random, with all kinds of line ends."""
    pieces = [
        piece
        for data in HARD.values()
        for text in [data.decode("utf-8", "ignore").replace("\r\n", "\n").replace("\r", "\n")]
        if not text.lstrip("\ufeff").startswith("#!") and "coding" not in text
        for piece in [text.lstrip("\ufeff\t\f\\\n ")]
    ]
    rng = random.Random(7)
    counts: Counter[str] = Counter()
    for _ in range(400):
        chosen = rng.sample(pieces, 4)
        text = "".join(piece + "\n" * rng.randint(0 if piece.endswith("\n") else 1, 3) for piece in chosen)
        newline = rng.choice(["\n", "\n", "\r\n", "\r"])
        data = (rng.choice(["", "", "\ufeff"]) + text.replace("\n", newline)).encode()
        assert list(problems_of(data, counts, headers=False)) == [], data
    assert counts["files that Python cannot parse"] < 100


def test_broken_bytes_are_refused_in_one_line_or_split():
    """Real files with a piece cut out or a byte changed: never another error than ours, never a changed text."""
    rng = random.Random(11)
    for file in rng.sample(SAMPLE, 60):
        data = bytearray(file.read_bytes()[:20_000])
        for _ in range(4):
            if data:
                position = rng.randrange(len(data))
                data[position : position + rng.choice([1, 1, 50])] = rng.choice(
                    [b"", b'"', b"(", b"\r", b"\\", b"\xff"]
                )
        assert problems(bytes(data), headers=False) == []


def test_a_statement_keeps_the_comments_below_it_and_the_text_above_the_first_belongs_to_none():
    text = "# license\n\nx = 1  # why\n\n# of f\ndef f(): ...\n"

    assert statements_of(text) == ["x = 1  # why\n\n# of f\n", "def f(): ...\n"]


def test_a_statement_knows_its_line_and_its_first_word():
    text = "\n@d\ndef f(): ...\nasync   def g(): ...\nclass A: ...\n(x)\nfrom a import b; import c\r\nx\ry\n"

    assert [(statement.line, statement.word) for statement in split(text)[0]] == [
        (2, "@"),
        (4, "async   def"),
        (5, "class"),
        (6, ""),
        (7, "from"),
        (8, "x"),
        (9, "y"),
    ]


def test_strings_comments_and_continuations_are_masked():
    text = "x = 'a(' \"b\" # c)\ny = \\\n  f('''\n)''')\n"

    masked = split(text)[1]

    assert len(masked) == len(text)
    assert masked.split() == ["x", "=", "s", "s", "y", "=", "f(s", ")"]


class TestNewerSyntax:
    """What only a later Python reads; a quote inside an f-string must not confuse what follows."""

    @pytest.mark.parametrize(
        "statement",
        [
            'x = f"{d["a"]}"',
            'x = f"{d["]"]}" + f"{d["["]}"',
            "type X = int",
            "type X[T] = list[T]",
            "def f[T](x: T) -> T: ...",
            "class A[T: int]: ...",
            "try:\n    a\nexcept A, B:\n    b",
            "x = t'{a}'",
        ],
    )
    def test_is_split_without_being_parsed(self, statement):
        text = f"a = 1\n{statement}\nb = 2\n"

        assert statements_of(text) == ["a = 1\n", f"{statement}\n", "b = 2\n"]


class TestHeaders:
    @pytest.mark.parametrize(
        ("definition", "header"),
        [
            ("def f(): pass", "def f():"),
            ("def f(a: x[1:2] = {1: 2}) -> y[3:4]:  # c:\n    b: int", "def f(a: x[1:2] = {1: 2}) -> y[3:4]:"),
            ("async def f(\n    a='):',  # :)\n): ...", "async def f(\n    a='):',  # :)\n):"),
            ("@d(a[1:2])\n@e\ndef f(): ...", "@d(a[1:2])\n@e\ndef f():"),
            ("class A(B, c={1: 2}): ...", "class A(B, c={1: 2}):"),
        ],
    )
    def test_end_behind_their_colon(self, definition, header):
        assert definition[: header_end(split(definition)[1])] == header

    def test_have_no_end_in_what_is_no_definition(self):
        assert header_end("x = 1") == 0


class TestDecoding:
    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b"x = 1\0\n", "holds NUL bytes, so it is not Python source"),
            ("x = 1\n".encode("utf-16"), "is UTF-16 or UTF-32, which Python does not read: save it as UTF-8"),
            ("x = 1\n".encode("utf-32"), "is UTF-16 or UTF-32, which Python does not read: save it as UTF-8"),
            (b"a\nx = '\xff'\n", "line 2 is not utf-8: declare its encoding or save it as UTF-8"),
            (
                b"x = 1\n# coding: latin-1\nx = '\xe4'\n",
                "line 3 is not utf-8: declare its encoding or save it as UTF-8",
            ),
            (
                b"# coding: ascii\nx = '\xe4'\n",
                "line 2 is not ascii, which the file declares: correct that or save it as UTF-8",
            ),
            (b"# coding: nope\n", "declares an encoding that Python does not know: nope"),
            (b"# coding: rot13\n", "declares an encoding that Python does not know: rot13"),
            (b"# coding: undefined\n", "is not undefined, which it declares: correct that or save it as UTF-8"),
            (b"# coding: utf-7\nx = '+AOQ-'\n", "its bytes do not survive decoding as utf-7: save it as UTF-8"),
            (b"# coding: utf-16\nx = 1 \n", "its bytes do not survive decoding as utf-16: save it as UTF-8"),
            (
                b"\xef\xbb\xbf# coding: latin-1\n",
                "declares iso-8859-1, but has the byte order mark of UTF-8: remove one of them",
            ),
        ],
    )
    def test_says_why_it_cannot(self, data, reason):
        with pytest.raises(UnreadableSourceError) as caught:
            read(data)

        assert str(caught.value) == reason

    @pytest.mark.parametrize("codec", ["idna", "punycode", "unicode_escape", "raw_unicode_escape", "hz", "utf-16-le"])
    def test_never_fails_in_another_way(self, codec):
        for line in (b"x = '\xe4'\n", b"x = '\\ud800 +2AA- ~{'\n", b"x = 'a..b'\n"):
            data = b"# coding: " + codec.encode() + b"\n" + line
            try:
                source = read(data)
                split(source.text)
            except UnreadableSourceError:
                continue
            assert source.encode(source.text) == data

    def test_names_a_character_that_the_encoding_lacks(self):
        source = read(b"# coding: latin-1\n")

        with pytest.raises(UnreadableSourceError, match=r"its encoding iso-8859-1 has no '\\u20ac'"):
            source.encode("€")

    @pytest.mark.parametrize(
        ("data", "newline"),
        [(b"", "\n"), (b"a", "\n"), (b"a\nb\r\n", "\n"), (b"a\r\nb\n", "\r\n"), (b"a\rb\r\n", "\r")],
    )
    def test_new_lines_follow_the_first(self, data, newline):
        assert read(data).newline == newline


class TestParsing:
    def test_names_the_line_in_the_file(self):
        with pytest.raises(UnreadableSourceError, match=r"^line 12 is not valid Python: "):
            parse("a\nb = = 1\n", first_line=11)

    def test_says_nothing_about_invalid_escapes(self):
        assert parse(r"x = '\d'").body

    @pytest.mark.parametrize("unit", ["(", "[", "-", "not ", "a[", "lambda: ", "f("])
    def test_of_what_is_nested_too_deeply_fails_in_one_line(self, unit):
        with pytest.raises(UnreadableSourceError):
            parse("x = " + unit * 20_000 + "1")

    @pytest.mark.parametrize("chain", [" + 1", ".a", "()", "[0]", " if a else 1", " and b or c"])
    def test_of_a_long_chain_fails_in_one_line_or_not_at_all(self, chain):
        try:
            parse("x = y" + chain * 20_000)
        except UnreadableSourceError as error:
            assert "\n" not in str(error)  # noqa: PT017 (not failing is as good)


def test_lines_are_counted_as_python_counts_them():
    text = textwrap.dedent("a\r\nb\rc\nd\x0be\x0cf\u2028g")

    assert [text[start] for start in line_starts(text)] == list("abcd")


def test_what_stands_in_comments_and_strings_is_no_code_but_f_strings_are():
    text = "x = f(a)  # a\ny = 'a' + f'{a}' + rf\"{a}\"\n'''\na\n'''\na\n"
    offsets = [match.start() for match in re.finditer("a", text)]

    code = in_code(text, offsets)

    assert [offsets.index(offset) for offset in code] == [0, 3, 4, 6]
    assert in_code(text, []) == []
