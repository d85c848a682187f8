"""Look at, cut down or draw the recurrent layers in any TensorFlow checkpoint.

CHECKPOINT is a run directory of the trainers, any folder with a checkpoint, or a checkpoint prefix
(runs/a/model.ckpt-1300), written by any TensorFlow from 1.0 on. Which weights belong to which unit is read off the
model's graph, the .meta file beside the checkpoint. The structure.json of a run directory goes before it; any
other group file, in our format or in that of the original ISS code, is given with --groups.
"""

import argparse
import json
import os
import sys
from dataclasses import dataclass
from typing import Any, Dict, Optional

import numpy as np

# Through the package, which imports TensorFlow and matplotlib only when they are used: --help is there at once.
import sparse_rnn
from sparse_rnn import compaction, files, group_files, groups, sparsity, tables
from sparse_rnn.errors import UserError
from sparse_rnn.training import command
from sparse_rnn.training.metrics import Metrics
from sparse_rnn.training.run_directory import CONFIG, KEPT, MASKS, METRICS, STRUCTURE, beside

#: What a tf.train.Saver calls the graph beside a checkpoint.
META = ".meta"

_NOTHING_BESIDE = (
    "'{}' has no {} that says which weights belong to which unit, nor the model's graph (.meta); give --groups=FILE."
)
_NONE = "'{}': no units are found in this graph that could be removed: {}; give --groups=FILE."

_EXAMPLES = """examples:
  sparse-rnn inspect runs/iss                            kept units, zeros, weights and multiply-adds
  sparse-rnn inspect model.ckpt-1300                     the same of your own model, whose .meta file lies beside it
  sparse-rnn inspect model.ckpt-1300 --groups=units.json --json
  sparse-rnn compact runs/iss --save_path=runs/iss_small
  sparse-rnn plot runs/iss                               figures into runs/iss/plots
"""


def main(arguments=None):
    """The command ``sparse-rnn``; ends the process with 0, or with 2 after one sentence on stderr."""
    command.run(_main, arguments)


@dataclass
class Loaded:
    """A checkpoint with what lies beside it.

    Attributes:
      folder: the folder that the checkpoint was asked for in.
      weights: ``{variable name: array}``.
      source: the group file or the .meta file, or None where neither says anything.
      structure: what it says, or None.
      missing: a sentence that says why there is no structure.
    """

    folder: str
    weights: Dict[str, np.ndarray]
    source: Optional[str] = None
    structure: Any = None
    missing: str = ""

    def beside(self, name):
        """The file of that name in the checkpoint's folder or, for a run's best/, in the run directory; else None."""
        return beside(self.folder, name)


def load(path, group_file=None):
    """Read a checkpoint and the structure that goes with it.

    Args:
      path: run directory, folder or checkpoint prefix.
      group_file: the group file; by default the structure.json beside the checkpoint, if there is one, else the
        checkpoint's .meta file.

    Raises:
      UserError: the checkpoint or the file cannot be read, or they do not go together.
    """
    weights = sparse_rnn.checkpoints.read(path)
    folder = path if os.path.isdir(path) else os.path.dirname(path) or "."
    source, shapes = group_file or beside(path, STRUCTURE), groups.shapes_of(weights)
    if source:
        return Loaded(folder, weights, source, group_files.load(source, shapes))
    graph = sparse_rnn.checkpoints.find(path) + META
    if not os.path.exists(graph):
        return Loaded(folder, weights, missing=_NOTHING_BESIDE.format(folder, STRUCTURE))
    try:
        structure = sparse_rnn.discovery.discover_file(graph)
        groups.check(structure, shapes)
    except UserError as error:
        return Loaded(folder, weights, missing=str(error))
    if not structure:
        return Loaded(folder, weights, missing=_NONE.format(graph, structure.why_nothing()))
    return Loaded(folder, weights, graph, structure)


def inspect(flags):
    """``sparse-rnn inspect``."""
    loaded = load(flags.checkpoint, flags.groups)
    if loaded.structure is not None:
        report = sparsity.report(loaded.weights, loaded.structure)
        print(json.dumps(report.as_dict(), indent=2) if flags.json else report)
        if loaded.source.endswith(META) and not flags.json:
            print("\nRead off {}:\n{}".format(loaded.source, loaded.structure))
        return 0
    listed = [
        {"name": name, "shape": list(np.shape(array)), "zero": float(np.mean(array == 0)) if np.size(array) else 0.0}
        for name, array in loaded.weights.items()
    ]
    if flags.json:
        print(json.dumps({"variables": listed}, indent=2))
        return 0
    rows = [(each["name"], str(each["shape"]), "zero: {:.1%}".format(each["zero"])) for each in listed]
    print("{}\n\n{}".format(tables.aligned(rows), loaded.missing))
    return 0


def compact(flags):
    """``sparse-rnn compact``."""
    _refuse_unless_empty(flags.save_path)
    loaded = load(flags.checkpoint, flags.groups)
    _need_structure(loaded)
    if not (flags.complete or loaded.source.endswith(META) or group_files.is_complete(loaded.source)):
        raise UserError(
            "{}: a file in the original's format names what is penalised and may leave out a matrix that reads the "
            "units; give --complete if it names every one.".format(loaded.source)
        )
    small = compaction.compact(loaded.weights, loaded.structure)
    files.make_folder(flags.save_path)
    group_files.save(small.structure, os.path.join(flags.save_path, STRUCTURE))
    kept = {name: [int(unit) for unit in units] for name, units in small.kept.items()}
    files.write_text(os.path.join(flags.save_path, KEPT), json.dumps(kept) + "\n")
    # The checkpoint is written last: where it is, the other two are.
    # Masks speak of the run that shrank, not of the model.
    weights = {name: array for name, array in small.weights.items() if not name.startswith(MASKS)}
    prefix = sparse_rnn.checkpoints.write(weights, flags.save_path)
    _say_what_was_removed(sparsity.report(loaded.weights, loaded.structure))
    _say_what_next(loaded, prefix)
    return 0


def plot(flags):
    """``sparse-rnn plot``."""
    loaded = load(flags.checkpoint, flags.groups)
    _need_structure(loaded)
    folder = flags.save_path or os.path.join(loaded.folder, "plots")
    metrics = loaded.beside(METRICS)
    rows = Metrics(metrics).rows if metrics else None
    for path in sparse_rnn.plots.all_figures(folder, loaded.weights, loaded.structure, rows):
        print(path)
    return 0


def _main(arguments):
    parser = argparse.ArgumentParser(
        prog="sparse-rnn", description=__doc__, epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=sparse_rnn.__version__)
    commands = parser.add_subparsers(metavar="COMMAND", dest="command", required=True)
    one = _add(commands, inspect, "print which units are kept; without a group file, list the variables")
    one.add_argument("--json", action="store_true", help="print JSON")
    one = _add(commands, compact, "cut dead units out and write a smaller checkpoint of the same function")
    one.add_argument("--save_path", required=True, metavar="FOLDER", help="new folder for the small checkpoint")
    one.add_argument(
        "--complete",
        action="store_true",
        help="trust that the original's group file names every reader of a unit",
    )
    one = _add(commands, plot, "draw the weights, the kept units and the history as PNG files")
    one.add_argument("--save_path", metavar="FOLDER", help="where the files go (default: plots/ beside the checkpoint)")
    flags = parser.parse_args(arguments)
    return flags.function(flags)


def _add(commands, function, text):
    parser = commands.add_parser(function.__name__, help=text, description=text[0].upper() + text[1:] + ".")
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="run directory, folder or checkpoint prefix")
    parser.add_argument("--groups", metavar="FILE", help="group file (default: structure.json, or the graph)")
    parser.set_defaults(function=function)
    return parser


def _need_structure(loaded):
    if loaded.structure is None:
        raise UserError(loaded.missing)


def _refuse_unless_empty(folder):
    if os.path.isfile(folder):
        raise UserError("'{}' is a file; --save_path must be a new folder.".format(folder))
    if os.path.isdir(folder) and files.names_in(folder):
        raise UserError("folder '{}' is not empty; choose another --save_path.".format(folder))


def _say_what_was_removed(report):
    for group in report.groups:
        print("{} kept {} of {}".format(group.name, group.kept, group.size))
    print("weights: {:,} before, {:,} after".format(report.weights, report.weights_after))
    print("multiply-adds per token: {:,} before, {:,} after".format(report.multiply_adds, report.multiply_adds_after))
    if not any(group.removed for group in report.groups):
        print("Every unit is still read by something, so nothing was removed.")


def _say_what_next(loaded, prefix):
    print(
        "\nThe small checkpoint is {}; {} holds its units, {} the old numbers of those.".format(prefix, STRUCTURE, KEPT)
    )
    print(
        "Build your model with as many units as were kept and restore it: a tf.train.Saver finds the variables "
        "by name, tf.train.load_checkpoint reads them one by one."
    )
    config = loaded.beside(CONFIG)
    if config:
        print(
            "To have the removal proven on its data and timed as well, run the compact.py of its trainer (ptb, rhns or "
            "bidaf): --restore_path={} --data_path=DATA --save_path=NEW".format(os.path.dirname(config))
        )


if __name__ == "__main__":
    main(sys.argv[1:])
