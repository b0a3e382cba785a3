"""The patch of a plan: `git apply` makes exactly the planned bytes from it, and takes them back."""

import random
import subprocess
from itertools import pairwise

import pytest

from fastapi_codemods.plan import FileChange
from fastapi_codemods.review.differences import differences, lines_of
from fastapi_codemods.review.patch import quoted, unified
from fastapi_codemods.review.stat import stat

ODD_NAMES = [
    "with space.py",
    "two  spaces/in a folder.py",
    "tab\there.py",
    'quo"te.py',
    "back\\slash.py",
    "new\nline.py",
    "carriage\rreturn.py",
    "größe.py",
    "größe with space.py",
    "日本.py",
    "\x01\x7f.py",
    "not-utf8-\udcff.py",
    "-dash.py",
    "a b/ b.py",
]


@pytest.fixture
def repository(tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    return tmp_path


def git(repository, *words, data=None):
    done = subprocess.run(
        ["git", "-c", "core.autocrlf=false", "-c", "apply.whitespace=nowarn", *words],
        cwd=repository,
        input=data,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


def put(repository, files):
    for path, data in files.items():
        place = repository / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if data is None:
            place.unlink(missing_ok=True)
        else:
            place.write_bytes(data)


def read(repository, paths):
    return {path: (repository / path).read_bytes() if (repository / path).exists() else None for path in paths}


def assert_applies(repository, changes):
    """There and back again, on the disk."""
    before = {change.path: change.before for change in changes}
    after = {change.path: change.after for change in changes}
    put(repository, before)
    patch = unified(changes)
    git(repository, "apply", "--check", data=patch)
    git(repository, "apply", data=patch)
    assert read(repository, after) == after
    git(repository, "apply", "--reverse", data=patch)
    assert read(repository, before) == before


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(b"a\nb\nc\n", b"a\nB\nc\n", id="one line"),
        pytest.param(b"a\nb", b"a\nc", id="no final newline"),
        pytest.param(b"a\nb", b"a\nb\n", id="final newline added"),
        pytest.param(b"a\nb\n", b"a\nb", id="final newline removed"),
        pytest.param(b"a\nb", b"x\na\nb", id="no final newline in the context"),
        pytest.param(b"a\r\nb\r\n", b"a\r\nc\r\n", id="CRLF"),
        pytest.param(b"a\rb\rc", b"a\rB\rc", id="lone CR"),
        pytest.param(b"a\r\nb\nc\r\n", b"a\nb\r\nc\r\n", id="mixed line ends"),
        pytest.param(b"\xff\xfe\x00\n\xe9\n", b"\xff\xfe\x00\n\xe8\n", id="neither UTF-8 nor text"),
        pytest.param(b"a\x0cb\x1c\x85\n\x0b\n", b"a\x0cb\x1c\x85\n\x0b\x0b\n", id="what else splits lines"),
        pytest.param(b"", b"a\n", id="from empty"),
        pytest.param(b"a\n", b"", id="to empty"),
        pytest.param(b"\n\n\n", b"\n\n\n\n", id="empty lines"),
        pytest.param(None, b"a\nb\n", id="new file"),
        pytest.param(None, b"a", id="new file without final newline"),
        pytest.param(None, b"", id="new empty file"),
        pytest.param(b"a\nb\n", None, id="removed file"),
        pytest.param(b"", None, id="removed empty file"),
        pytest.param(b"-- a\n++ b\n", b"++ b\n-- a\n", id="lines that look like headers"),
    ],
)
def test_git_makes_the_planned_bytes_and_takes_them_back(repository, before, after):
    assert_applies(repository, [FileChange("file.py", before, after)])


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_are_quoted_as_git_does(repository, name):
    assert_applies(repository, [FileChange(name, b"a\n", b"b\n")])
    assert_applies(repository, [FileChange("new/" + name, None, b"b\n")])

    put(repository, {name: b"a\n"})
    git(repository, "add", "--intent-to-add", "--all")
    expected = quoted(name)
    actual = git(repository, "ls-files", "--", f":(literal){name}").rstrip(b"\n")

    assert actual == expected


@pytest.mark.parametrize("name", ["plain.py", *ODD_NAMES])
def test_headers_are_those_of_git(repository, name):
    put(repository, {name: b"a\n"})
    git(repository, "add", "--all")
    put(repository, {name: b"b\n"})

    expected = [line for line in git(repository, "diff").split(b"\n") if not line.startswith(b"index ")]
    actual = unified([FileChange(name, b"a\n", b"b\n")]).split(b"\n")

    assert actual == expected


def test_several_files_make_one_patch(repository):
    changes = [
        FileChange("app/main.py", b"a\nb\nc\n", b"a\nc\n"),
        FileChange("app/new.py", None, b"b\n"),
        FileChange("app/old.py", b"b\n", None),
        FileChange("app/same.py", b"a\n", b"a\n"),
    ]

    assert_applies(repository, changes)
    assert b"same" not in unified(changes)


def test_no_change_is_an_empty_patch():
    assert unified([]) == b""


def test_changes_far_apart_are_hunks_with_three_lines_of_context():
    lines = [f"{number}\n" for number in range(30)]
    changed = lines.copy()
    changed[3], changed[10], changed[18] = "x\n", "y\n", "z\n"

    patch = unified([FileChange("f", "".join(lines).encode(), "".join(changed).encode())]).decode()

    assert [line for line in patch.splitlines() if line.startswith("@@")] == [
        "@@ -1,14 +1,14 @@",
        "@@ -16,7 +16,7 @@",
    ]


def random_edit(chance, lines, kinds):
    edited = []
    for line in lines:
        dice = chance.random()
        if dice < 0.04:
            continue
        edited.append(b"%d\n" % chance.randrange(kinds) if dice < 0.08 else line)
        if dice > 0.96:
            edited.extend(b"%d\n" % chance.randrange(kinds) for _ in range(chance.randrange(6)))
    if chance.random() < 0.3 and len(edited) > 4:
        start, end = sorted(chance.sample(range(len(edited)), 2))
        block, rest = edited[start:end], edited[:start] + edited[end:]
        place = chance.randrange(len(rest) + 1)
        edited = rest[:place] + block + rest[place:]
    return edited


def random_pair(chance):
    kinds = chance.choice([1, 2, 3, 10, 1000])
    before = [b"%d\n" % chance.randrange(kinds) for _ in range(chance.choice([0, 1, 5, 40, 400]))]
    after = random_edit(chance, before, kinds)
    sides = [b"".join(before), b"".join(after)]
    return [side[:-1] if side and chance.random() < 0.2 else side for side in sides]


@pytest.mark.parametrize("seed", range(8))
def test_random_edits_of_random_files(repository, seed):
    chance = random.Random(seed)
    pairs = [random_pair(chance) for _ in range(60)]

    assert_applies(
        repository, [FileChange(f"{n}.py", pair[0], pair[1]) for n, pair in enumerate(pairs) if pair[0] != pair[1]]
    )


@pytest.mark.parametrize("seed", range(8))
def test_differences_rebuild_the_file_and_do_not_touch(seed):
    chance = random.Random(seed)
    for _ in range(100):
        before, after = (lines_of(side) for side in random_pair(chance))
        found = differences(before, after)
        rebuilt, start = [], 0
        for difference in found:
            rebuilt += before[start : difference.before_start]
            rebuilt += after[difference.after_start : difference.after_end]
            start = difference.before_end
        assert rebuilt + before[start:] == after
        assert all(left.before_end < right.before_start for left, right in pairwise(found))


def test_small_files_get_the_smallest_difference():
    before, after = list("xaxbxcx"), list("axcxx")

    found = differences([c.encode() for c in before], [c.encode() for c in after])

    assert sum(d.before_end - d.before_start + d.after_end - d.after_start for d in found) == 4


class CountedLine(bytes):
    compared = 0

    def __eq__(self, other):
        CountedLine.compared += 1
        return bytes.__eq__(self, other)

    __hash__ = bytes.__hash__


def comparisons(length, kinds):
    """Of two unrelated files."""
    chance = random.Random(kinds)
    before, after = ([CountedLine(b"%d" % chance.randrange(kinds)) for _ in range(length)] for _ in range(2))
    CountedLine.compared = 0
    differences(before, after)
    return CountedLine.compared


@pytest.mark.parametrize("kinds", [2, 50, 10**6])
def test_work_grows_with_the_length_of_the_files_not_with_its_square(kinds):
    assert comparisons(16_000, kinds) < 6 * comparisons(4_000, kinds) + 100_000


def test_stat_is_drawn_as_git_draws_it(repository):
    many = b"".join(b"%d\n" % number for number in range(400))
    before = {
        "small.py": b"a\nb\nc\n",
        "big.py": many,
        "deleted.py": b"a\nb\n",
        "a/very/long/path/" + "folder/" * 12 + "name.py": b"a\n",
        "größe.py": b"a\n",
        "emptied.py": b"a\n",
    }
    after = {
        "small.py": b"a\nB\nc\n",
        "big.py": many.replace(b"7", b"seven"),
        "deleted.py": None,
        "a/very/long/path/" + "folder/" * 12 + "name.py": b"a\nb\n",
        "größe.py": b"",
        "emptied.py": b"",
    }
    put(repository, before)
    git(repository, "add", "--all")
    put(repository, after)
    for names in (list(before), ["small.py"], ["deleted.py"], ["small.py", "big.py"], ["emptied.py"]):
        changes = [FileChange(path, before[path], after[path]) for path in sorted(names, key=str.encode)]
        for width in (80, 40, 20, 200):
            expected = git(repository, "diff", f"--stat={width}", "--", *names).decode()
            actual = stat(changes, width)

            assert actual == expected


def test_stat_of_nothing_is_nothing():
    assert stat([]) == ""
    assert stat([FileChange("new.py", None, b"")]).endswith("insertions(+), 0 deletions(-)\n")
