import os
import subprocess
import sys

import numpy as np
import pytest

from sparse_rnn import compat
from sparse_rnn.compat import tf
from sparse_rnn.training import proof

#: What TensorFlow is told by its environment where nobody chose; None stands for nothing.
ASKED_FOR = {
    "TF_ENABLE_ONEDNN_OPTS": "1",
    "TF_CPU_ALLOCATOR_USE_BFC": "1" if tf.version.VERSION.startswith("1.") else None,
    "TF_CPU_BFC_MEM_LIMIT_IN_MB": str(2**24) if tf.version.VERSION.startswith("1.") else None,
}


def test_the_interface_is_tensorflow_1s(graph):
    assert tf.get_default_graph() is graph
    assert not tf.executing_eagerly()
    assert tf.version.VERSION.split(".")[0] in ("1", "2")


@pytest.mark.parametrize("shape", [None, [], [5], [None, 3], [2, None, 4]])
def test_a_static_shape_is_numbers_and_none(graph, shape):
    assert compat.static_shape(tf.placeholder(tf.float32, shape)) == shape


@pytest.mark.parametrize("use_resource", [True, False])
def test_variables_go_by_their_names_without_a_number(graph, use_resource):
    with tf.variable_scope("cell"):
        kernel = tf.get_variable("kernel", [3, 4], use_resource=use_resource)
    step = tf.get_variable("step", [], trainable=False, use_resource=use_resource)
    assert compat.variables_by_name() == {"cell/kernel": kernel}
    assert compat.variables_by_name([step]) == {"step": step}


def test_a_session_takes_memory_as_needed_and_the_threads_it_is_given():
    assert compat.session_config().gpu_options.allow_growth
    config = compat.session_config(threads=3)
    assert (config.intra_op_parallelism_threads, config.inter_op_parallelism_threads) == (3, 3)


@pytest.mark.skipif(tf.version.VERSION.startswith("1."), reason="TensorFlow 1 has no TF32")
@pytest.mark.parametrize("before", [True, False])
def test_products_are_of_float32_within_a_block_and_as_before_after_it(before):
    precision = tf.config.experimental
    allowed = precision.tensor_float_32_execution_enabled()
    precision.enable_tensor_float_32_execution(before)
    try:
        with pytest.raises(KeyError), compat.float32_products():
            assert not precision.tensor_float_32_execution_enabled()
            raise KeyError
        assert precision.tensor_float_32_execution_enabled() is before
    finally:
        precision.enable_tensor_float_32_execution(allowed)


def test_scores_are_computed_with_products_of_float32(monkeypatch):
    seen = []
    monkeypatch.setattr(proof, "float32_products", lambda: _Noted(seen))
    assert proof.compare((seen.append("score") or np.zeros(2) for _ in range(1)), iter([np.zeros(2)])).same
    assert seen == ["enter", "score", "exit"]


class _Noted:
    def __init__(self, seen):
        self._seen = seen

    def __enter__(self):
        self._seen.append("enter")

    def __exit__(self, *_):
        self._seen.append("exit")


def run(program, **settings):
    inherited = {name: value for name, value in os.environ.items() if name not in ASKED_FOR}
    return subprocess.run(
        [sys.executable, "-c", program],
        env=dict(inherited, **settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def succeeds(program, **settings):
    done = run(program, **settings)
    assert done.returncode == 0, done.stdout.decode()


def test_importing_the_package_does_not_import_tensorflow_and_its_hook_does():
    program = (
        "import sys, sparse_rnn as sr; assert 'tensorflow' not in sys.modules;"
        "from sparse_rnn import ZeroingHook; assert 'tensorflow' in sys.modules;"
        "assert sr.ZeroingHook is ZeroingHook is sr.hooks.ZeroingHook; sr.lstm, sr.regularizers, sr.checkpoints;"
        "from tensorflow.compat.v1 import get_default_graph;"
        "import tensorflow as tf; assert tf.executing_eagerly() == (tf.version.VERSION[0] == '2')"
    )
    succeeds(program)


@pytest.mark.parametrize("first, kept", [("tf.logging.set_verbosity(tf.logging.INFO)", "INFO"), ("", "ERROR")])
def test_a_program_that_imported_tensorflow_first_keeps_its_logging(first, kept):
    load = "import tensorflow.compat.v1 as tf\n"
    program = (
        (load + first if first else "")
        + "\nimport sparse_rnn as sr; sr.ZeroingHook\n"
        + load
        + "assert tf.logging.get_verbosity() == tf.logging.{}, tf.logging.get_verbosity()".format(kept)
    )
    succeeds(program)


@pytest.mark.parametrize(
    "first, settings, kept",
    [
        ("", {}, ASKED_FOR),
        ("", dict.fromkeys(ASKED_FOR, "0"), dict.fromkeys(ASKED_FOR, "0")),
        ("import tensorflow\n", {}, dict.fromkeys(ASKED_FOR)),
    ],
    ids=["by default", "chosen by the person", "chosen by the program"],
)
def test_onednn_and_a_memory_pool_are_asked_for_unless_somebody_chose_before(first, settings, kept):
    program = first + (
        "import os, sparse_rnn as sr; sr.ZeroingHook\n"
        "found = {{name: os.environ.get(name) for name in {0!r}}}; assert found == {0!r}, found".format(kept)
    )
    succeeds(program, **settings)


@pytest.mark.skipif(tf.version.VERSION.startswith("2."), reason="TensorFlow 2 is not asked for a memory pool")
def test_tensorflow_1_takes_memory_from_the_pool():
    program = (
        "from sparse_rnn.compat import tf\n"
        "trace, full = tf.RunMetadata(), tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)\n"
        "tf.Session().run(tf.random.uniform([1000, 1000]), options=full, run_metadata=trace)\n"
        "nodes = [node for device in trace.step_stats.dev_stats for node in device.node_stats]\n"
        "names = {memory.allocator_name for node in nodes for memory in node.memory}\n"
        "assert any('bfc' in name for name in names), names"
    )
    succeeds(program)


def test_where_tensorflow_is_missing_the_command_says_so(tmp_path):
    program = (
        "import sys\n"
        "class Without:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'tensorflow':\n"
        "            raise ModuleNotFoundError(name=name)\n"
        "sys.meta_path.insert(0, Without())\n"
        "from ptb import train; from sparse_rnn.training import command\n"
        "command.run(train.main, sys.argv[1:])"
    )
    arguments = ["--config=ptb/configs/quickstart.json", "--data_path=builtin", "--save_path=" + str(tmp_path / "run")]
    done = subprocess.run([sys.executable, "-c", program] + arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = done.stdout.decode()
    assert done.returncode == 2 and said.startswith("error: TensorFlow is not installed for " + sys.executable), said


TRAINING = "--data_path=builtin --save_path=unused"
MISTYPED = {
    "ptb.train --config=ptb/configs/smal.json " + TRAINING: "smal.json",
    "ptb.train --config=ptb/configs/small.json --set=train.epoch=5 " + TRAINING: "'train.epochs'?",
    "ptb.evaluate --restore_path=nowhere --data_path=builtin --style=ful": "'ful'",
    "ptb.compact --restor_path=nowhere --data_path=builtin": "'--restore_path'?",
    "rhns.train --config=rhns/configs/ptb_small.json --set=model.dept=5 " + TRAINING: "'model.depth'?",
    "bidaf.train --config=bidaf/configs/small.json " + TRAINING: "small.json",
    "paper.make --table=4": "--table",
}


def test_a_mistyped_command_says_so_before_tensorflow_is_loaded():
    program = (
        "import importlib, sys\n"
        "from sparse_rnn.errors import UserError\n"
        "for module, *arguments in {!r}:\n"
        "    try:\n"
        "        importlib.import_module(module).main(arguments)\n"
        "    except UserError as error:\n"
        "        print(error)\n"
        "    assert 'tensorflow' not in sys.modules, module"
    ).format([command.split() for command in MISTYPED])
    done = run(program)
    said = done.stdout.decode()
    assert done.returncode == 0 and len(said.splitlines()) == len(MISTYPED), said
    for line, sentence in zip(said.splitlines(), MISTYPED.values()):
        assert sentence in line
