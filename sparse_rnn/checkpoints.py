"""TensorFlow checkpoints as ``{variable name: array}``, and back.

Reads the checkpoints of every TensorFlow from 1.0 on, whoever wrote them; writes ones that a ``tf.train.Saver`` of
either TensorFlow restores by name.
"""

import contextlib
import os
import re
import shutil

import numpy as np

from sparse_rnn import files
from sparse_rnn.compat import reason, session_config, tf
from sparse_rnn.errors import UserError

PREFIX = "model.ckpt"

_ASIDE = "-again"
#: The files of a checkpoint, and the files and folders that TensorFlow writes them to before they have their names.
_WRITTEN = re.compile(
    re.escape(PREFIX) + "(" + _ASIDE + r")?(-\d+)?(\.(index|data-\d+-of-\d+)(\.tempstate\d+)?|_temp(_\w+)?)$"
)


def find(path):
    """The checkpoint prefix that ``path`` means.

    Args:
      path: a checkpoint prefix (``runs/a/model.ckpt-1300``), or a folder whose newest checkpoint is meant. A
        folder that was moved or copied works: what counts is the file's name beside the ``checkpoint`` file.

    Raises:
      UserError: there is no checkpoint.
    """
    files.refuse_patterns(path)
    if not os.path.isdir(path):
        if tf.train.checkpoint_exists(path):
            return path
        raise UserError("there is no checkpoint at '{}'; give a run directory or a checkpoint prefix.".format(path))
    recorded = _recorded(path)
    if not recorded:
        raise UserError("folder '{}' holds no checkpoint (it has no readable 'checkpoint' file).".format(path))
    for prefix in (os.path.join(path, os.path.basename(recorded)), recorded):
        if tf.train.checkpoint_exists(prefix):
            return prefix
    raise UserError("folder '{}' names the checkpoint '{}', which is not there.".format(path, recorded))


def read(path, names=None):
    """The arrays of a checkpoint: ``{variable name: array}``, optimiser slots and counters included.

    Args:
      path: as for :func:`find`.
      names: read only those of these variables that are there; by default all.

    Raises:
      UserError: the checkpoint is absent, truncated or not a checkpoint.
    """
    prefix = find(path)
    try:
        reader = tf.train.load_checkpoint(prefix)
        shapes = reader.get_variable_to_shape_map()
        arrays = {name: reader.get_tensor(name) for name in sorted(shapes) if names is None or name in names}
    except Exception as error:  # every TensorFlow has exception types of its own for a damaged file
        raise UserError(
            "checkpoint '{}' cannot be read, it is damaged or cut short: {}.".format(prefix, reason(error))
        ) from error
    return {name: array for name, array in arrays.items() if isinstance(array, (np.ndarray, np.generic, int, float))}


def write(weights, folder, step=None):
    """Write ``{variable name: array}`` as a checkpoint into ``folder``, which is made where it does not exist.

    Args:
      weights: the arrays.
      folder: the checkpoint becomes ``model.ckpt`` in it, or ``model.ckpt-<step>``.
      step: number at the end of the checkpoint's name.

    Returns:
      The checkpoint's prefix.

    Raises:
      UserError: the folder cannot be written.
    """
    with tf.Graph().as_default(), tf.device("/cpu:0"):
        variables, feeds = {}, {}
        for name in sorted(weights):
            array = np.asarray(weights[name])
            value = tf.placeholder(array.dtype, array.shape)
            variables[name] = tf.Variable(value, trainable=False, use_resource=True)
            feeds[value] = array
        saver = tf.train.Saver(variables, save_relative_paths=True)
        with tf.Session(config=session_config()) as session:
            session.run([variable.initializer for variable in variables.values()], feeds)
            return save(saver, session, folder, step)


def save(saver, session, folder, step=None):
    """``saver.save`` into ``folder``; a full disk or a folder without write permission is one sentence.

    At any moment the ``checkpoint`` file names a checkpoint that is whole.
    """
    files.refuse_patterns(folder)
    prefix = os.path.join(folder, PREFIX)
    aside = prefix + _ASIDE
    try:
        os.makedirs(folder, exist_ok=True)
        replaced = os.path.basename(_recorded(folder)) == os.path.basename(_numbered(prefix, step))
        if replaced:
            # TensorFlow writes over a checkpoint file by file, and a kill would leave halves of two: step aside first.
            saver.save(session, aside, global_step=step, write_meta_graph=False)
        saved = saver.save(session, prefix, global_step=step, write_meta_graph=False)
        if replaced:
            tf.train.remove_checkpoint(_numbered(aside, step))
        return saved
    except (tf.errors.OpError, OSError, ValueError) as error:
        raise UserError("the checkpoint could not be written to '{}': {}.".format(folder, reason(error))) from error


def remove_others(prefix):
    """Remove what :func:`save` wrote beside this checkpoint, and what it left half done when it was killed."""
    folder, kept = os.path.split(prefix)
    for name in files.names_in(folder):
        if _WRITTEN.match(name) and not name.startswith(kept + "."):
            path = os.path.join(folder, name)
            if os.path.isdir(path):
                shutil.rmtree(path, ignore_errors=True)
            else:
                with contextlib.suppress(OSError):
                    os.remove(path)


def _recorded(folder):
    """The prefix that the ``checkpoint`` file of a folder names; empty where it names none."""
    try:
        state = tf.train.get_checkpoint_state(folder)
    except (tf.errors.OpError, ValueError):
        state = None
    return state.model_checkpoint_path if state else ""


def _numbered(prefix, step):
    return prefix if step is None else "{}-{}".format(prefix, step)
