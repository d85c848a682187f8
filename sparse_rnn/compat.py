"""The one place that imports TensorFlow or knows its version.

``tf`` is the TensorFlow 1 interface, of TensorFlow 1.15 itself or of a current TensorFlow 2. Loading it takes
seconds, so it is imported when something of it is first asked for: a mistyped command says so at once. No behaviour
is switched: graphs are built inside ``tf.Graph().as_default()``, where TensorFlow 2 builds graphs as
well, so a program that runs eagerly elsewhere goes on doing so. A program that imported TensorFlow
before this library first used it keeps its logging, its kernels and its allocator too; otherwise TensorFlow is told
to log errors only and to multiply matrices with oneDNN on every processor, and TensorFlow 1 to keep freed memory in a
pool.
"""

import contextlib
import functools
import os
import sys
import threading
import warnings

from sparse_rnn.errors import UserError


class _OnFirstUse:
    """Stands for ``tensorflow.compat.v1``."""

    def __getattr__(self, name):
        if name.startswith("__"):  # asked for by whoever looks at objects, not by whoever uses TensorFlow
            raise AttributeError(name)
        with _ONE_AT_A_TIME:
            module = _imported()
        return getattr(module, name)

    def __dir__(self):
        return dir(_imported())


tf = _OnFirstUse()
_ONE_AT_A_TIME = threading.RLock()


@functools.lru_cache(maxsize=None)
def _imported():
    try:
        return _import()
    except ModuleNotFoundError as error:
        if error.name != "tensorflow":
            raise
        raise UserError(
            "TensorFlow is not installed for {}; enter the environment that has it, or install it with "
            "'pip install -e .' in this project's folder.".format(sys.executable)
        ) from None


def _import():
    if "tensorflow" in sys.modules:
        # The program has it already, and with it a logging of its own choice.
        import tensorflow.compat.v1 as module

        return module
    # TensorFlow 2 does so by itself on the newest processors only; TensorFlow 1.15 has no oneDNN and ignores it.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    with _quiet():
        import tensorflow.compat.v1 as module
    module.logging.set_verbosity(module.logging.ERROR)
    if module.version.VERSION.startswith("1."):
        # Read when the first session is made. Without a pool every large tensor is taken from the system anew, page by
        # page, up to a tenth of a large step. TensorFlow 2 gains nothing by it and needs more memory.
        os.environ.setdefault("TF_CPU_ALLOCATOR_USE_BFC", "1")
        os.environ.setdefault("TF_CPU_BFC_MEM_LIMIT_IN_MB", str(2**24))  # no limit; its default is 64 GB
    return module


@contextlib.contextmanager
def _quiet():
    """Keep from a person what TensorFlow's libraries say of themselves.

    They write some of it to the file of stderr while they load, before any setting of theirs holds, so that what other
    threads write there in these seconds is lost as well. With
    TF_CPP_MIN_LOG_LEVEL in the environment everything is shown, but for the level that is set here: processes that
    are started from here inherit it.
    """
    if os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3") != "3":
        yield
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    stderr = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


def reason(error):
    """What an error of TensorFlow's says went wrong, in one line; it stands among lines that say where."""
    lines = [line.strip() for line in str(getattr(error, "message", None) or error).splitlines()]
    told = [line for line in lines if line and not line.startswith("[[")]
    return told[-1].rstrip(".") if told else type(error).__name__


def static_shape(tensor):
    """The shape of a tensor or variable as a list, None where a dimension is not known while building.

    Dimensions are objects in TensorFlow 1 and numbers in TensorFlow 2; this gives numbers in both. Where
    not even their number is known it gives None in place of the list.
    """
    return None if tensor.shape.ndims is None else tensor.shape.as_list()


def variables_by_name(variables=None):
    """``{name without ':0': variable}`` of ``variables``, by default all trainable ones of the graph."""
    if variables is None:
        variables = tf.trainable_variables()
    return {variable.op.name: variable for variable in variables}


def static_shapes(by_name):
    """``{name: shape as a tuple}`` of ``{name: variable}``."""
    return {name: tuple(static_shape(variable)) for name, variable in by_name.items()}


@functools.lru_cache(maxsize=None)
def has_gpu():
    """Whether TensorFlow sees a GPU on this machine."""
    return bool(tf.config.experimental.list_physical_devices("GPU"))


def compiled(function, tensors):
    """``function(*tensors)``, one tensor, in a graph, compiled by XLA."""
    context = tf.get_default_graph()._get_control_flow_context()
    while context is not None:
        if context.IsXLAContext():  # the program compiles it already
            return function(*tensors)
        context = context.outer_context
    if tuple(int(number) for number in tf.version.VERSION.split(".")[:2]) < (2, 16):
        # A scope would take operations into the compiled ones that only stand beside them.
        return tf.xla.experimental.compile(lambda *given: [function(*given)], list(tensors))[0]
    with tf.xla.experimental.jit_scope():
        return function(*tensors)


def session_config(threads=None):
    """A session configuration that takes GPU memory as needed and, if given, uses ``threads`` threads."""
    config = tf.ConfigProto(allow_soft_placement=True)
    config.gpu_options.allow_growth = True
    if threads:
        config.intra_op_parallelism_threads = threads
        config.inter_op_parallelism_threads = threads
    return config


@contextlib.contextmanager
def float32_products():
    """Within it products of float32 numbers are just that.

    A recent GPU rounds their factors to eleven significant bits otherwise (TF32), which TensorFlow 2 allows.
    """
    precision = tf.config.experimental
    # TensorFlow 1 knows of no TF32.
    allowed = hasattr(precision, "tensor_float_32_execution_enabled") and precision.tensor_float_32_execution_enabled()
    if allowed:
        precision.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        if allowed:
            precision.enable_tensor_float_32_execution(True)


def in_calling_thread():
    """Options of a run whose operations start in the thread that asks for it.

    Few sequences are a chain of small operations, and handing each to another thread takes longer than running it.
    """
    return tf.RunOptions(inter_op_thread_pool=-1)
