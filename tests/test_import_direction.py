"""Who imports whom: trainers -> sparse_rnn.training -> TensorFlow rooms -> numpy rooms, never upward."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NUMPY_ROOMS = ("errors", "names", "files", "tables", "groups", "iss", "group_files", "sparsity", "cost", "compaction")
TRAINERS = ("ptb", "rhns", "bidaf")
OLDEST_PYTHON = (3, 7)


def sources():
    """The Python files of the project, as paths relative to its root."""
    tops = [top for top in ROOT.iterdir() if top.name != "build" and not top.name.startswith(".")]
    found = [path for top in tops for path in (top.rglob("*.py") if top.is_dir() else [top]) if path.suffix == ".py"]
    return sorted(path.relative_to(ROOT) for path in found)


def parse(source):
    """The syntax tree, read as the oldest Python that the project runs on reads it (as far as ast knows how)."""
    limit = {"feature_version": OLDEST_PYTHON} if sys.version_info >= (3, 8) else {}
    return ast.parse(source, **limit)


def imported_names(path, source):
    """Everything that a file imports, anywhere in it, as dotted names."""
    for node in ast.walk(parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            package = path.parent.parts[: len(path.parent.parts) - node.level + 1] if node.level else ()
            module = ".".join(package + ((node.module,) if node.module else ()))
            for alias in node.names:
                yield "{}.{}".format(module, alias.name)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "import_module":
            try:
                yield ast.literal_eval(node.args[0])
            except ValueError:  # a name that is put together at run time
                continue


def complaint(path, name):
    """What is wrong with the file ``path`` importing ``name``, or None."""
    top, _, rest = name.partition(".")
    room = rest.partition(".")[0]
    library = path.parts[0] == "sparse_rnn"
    if top == "tensorflow" and path != Path("sparse_rnn/compat.py"):
        return "only sparse_rnn/compat.py imports tensorflow"
    if library and top in TRAINERS:
        return "the library does not know the trainers"
    if top == "paper" and (library or path.parts[0] in TRAINERS):
        return "the paper's tables stand above the trainers"
    if top == "sparse_rnn" and room == "training" and library:
        if path.parts[1] not in ("training", "cli.py"):
            return "sparse_rnn.training stands above the rooms of the library"
    if top == "sparse_rnn" and library and path.stem in NUMPY_ROOMS and len(path.parts) == 2:
        if room not in NUMPY_ROOMS:
            return "a numpy room imports numpy rooms only"
    return None


def complaints(path, source):
    """The sentences that the imports of one file earn."""
    path = Path(path)
    return [
        "{} imports {}: {}".format(path, name, complaint(path, name))
        for name in imported_names(path, source)
        if complaint(path, name)
    ]


@pytest.mark.parametrize("path", sources(), ids=str)
def test_file_is_python_3_7_and_imports_nothing_from_above(path):
    assert complaints(path, (ROOT / path).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "path, source",
    [
        ("sparse_rnn/lstm.py", "import tensorflow as tf"),
        ("ptb/model.py", "def build():\n    from tensorflow.compat import v1"),
        ("tests/test_lstm.py", "tf = importlib.import_module('tensorflow')"),
        ("sparse_rnn/discover.py", "from ptb import model"),
        ("sparse_rnn/training/loop.py", "import bidaf.data"),
        ("sparse_rnn/lstm.py", "from sparse_rnn.training import schedules"),
        ("sparse_rnn/lstm.py", "from .training.loop import run"),
        ("sparse_rnn/iss.py", "from sparse_rnn import groups, compat"),
        ("sparse_rnn/cost.py", "import sparse_rnn.lstm"),
        ("ptb/train.py", "from paper import rows"),
    ],
)
def test_an_import_from_above_is_found(path, source):
    assert len(complaints(path, source)) == 1


@pytest.mark.parametrize(
    "path, source",
    [
        ("sparse_rnn/compat.py", "import tensorflow.compat.v1 as tf"),
        ("sparse_rnn/cli.py", "from sparse_rnn.training import run_directory"),
        ("sparse_rnn/training/loop.py", "from . import schedules"),
        ("sparse_rnn/compaction.py", "from .groups import UnitGroup"),
        ("ptb/train.py", "from ptb import model\nfrom sparse_rnn import lstm, training"),
        ("paper/kinds.py", "import ptb.trainer\nfrom bidaf import prepare"),
    ],
)
def test_an_import_from_below_is_fine(path, source):
    assert complaints(path, source) == []


@pytest.mark.skipif(sys.version_info < (3, 10), reason="ast of older Pythons checks hardly anything")
def test_syntax_of_a_newer_python_is_refused():
    with pytest.raises(SyntaxError):
        parse("def positional(n, /):\n    pass")


def test_numpy_rooms_work_without_tensorflow():
    program = "import sys; sys.modules['tensorflow'] = None\n" + "".join(
        "import sparse_rnn.{}\n".format(room) for room in NUMPY_ROOMS
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=str(ROOT), stderr=subprocess.PIPE)
    assert (ended.returncode, ended.stderr.decode()) == (0, "")


def test_importing_the_library_does_not_import_tensorflow():
    program = "import sys, sparse_rnn; print('tensorflow' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", program], cwd=str(ROOT), stdout=subprocess.PIPE)
    assert ended.stdout.decode().strip() == "False"


def test_types_of_every_numpy_room_are_checked():
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert [room for room in NUMPY_ROOMS if '"sparse_rnn/{}.py"'.format(room) not in settings] == []
