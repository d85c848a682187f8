"""How much faster does the paper's small network run than its dense one, and in which library (paper, table 1)?

    python benchmarks/inference.py [--networks=1500-1500,...] [--shapes=10x30,1x1] [--threads=1,all] [--rivals=...]

Every network runs as LSTM stack, as output layer and as a whole; beside each speed-up stands the reduction of
multiply-adds, and among the rivals are the bare matrix products. Prints tables and adds to
results/benchmarks/inference.csv, so a long run can be made in parts. Libraries that are not installed are left out.
"""

import os
from dataclasses import replace

import language_model
import measuring
import reporting

from ptb import model, variables
from sparse_rnn import cost
from sparse_rnn.training import command, command_line, origin

#: name -> (embedding size, units of the layers): the paper's rows, and the smallest with its inputs cut as well.
NETWORKS = {
    "1500-1500": (1500, (1500, 1500)),
    "373-315": (1500, (373, 315)),
    "381-535": (1500, (381, 535)),
    "373-315 of 373 inputs": (373, (373, 315)),
}
DENSE = "1500-1500"
#: name -> (sequences, steps).
SHAPES = {"10x30": (10, 30), "1x1": (1, 1)}
THREADS = ("1", "all")
RIVALS = {
    "ours": "ours",
    "ours in shares": "ours_in_shares",
    "ours with XLA": "ours_xla",
    "PyTorch": "pytorch",
    "ONNX Runtime": "onnx_runtime",
    "bare products": "products",
}
KEYS = ("network", "shape", "threads", "part", "rival")


def make(rival, network, shapes, threads):
    """A rival's calls at one network, in its own process."""
    import running_models

    options = _options(network)
    arrays = language_model.arrays(options)
    return getattr(running_models, RIVALS[rival])(options, arrays, threads, shapes)


def main(arguments):
    """Measure, print, write; returns the exit code."""
    parser = command_line.parser(__doc__)
    for flag, known in (("networks", NETWORKS), ("shapes", SHAPES), ("threads", THREADS), ("rivals", RIVALS)):
        reporting.add_choices(parser, "--" + flag, known)
    reporting.add_common(parser, repeats=9)
    flags = parser.parse_args(arguments)
    print(origin.machine())
    for threads in flags.threads:
        _measure(flags, threads)
    return 0


def _options(network):
    embedding_size, hidden_sizes = NETWORKS[network]
    options = language_model.experiment("large").model
    return replace(options, embedding_size=embedding_size, hidden_sizes=hidden_sizes, keep_prob=1.0)


def _measure(flags, threads):
    count = os.cpu_count() if threads == "all" else int(threads)
    shapes = [SHAPES[shape] for shape in flags.shapes]
    # All networks take turns as well: what is compared is one network with another.
    rivals = [
        measuring.Rival((rival, network), make, (rival, network, shapes, count))
        for network in flags.networks
        for rival in flags.rivals
    ]
    rows = []
    for found in measuring.measure(rivals, flags.repeats):
        (rival, network), (part, batch, steps) = found.name, found.case
        low, high = found.timing.quartiles
        rows.append(
            {
                "network": network,
                "shape": "{}x{}".format(batch, steps),
                "threads": threads,
                "part": part,
                "rival": rival,
                "milliseconds": round(found.timing.milliseconds, 4),
                "low": round(low, 4),
                "high": round(high, 4),
                "repeats": flags.repeats,
                "multiply_adds": _multiply_adds(network, part),
                "machine": origin.machine(),
            }
        )
    everything = reporting.merge(os.path.join(flags.save_path, "inference.csv"), rows, KEYS)
    for shape in flags.shapes:
        for part in ("stack", "softmax", "whole"):
            _show([row for row in everything if (row["shape"], row["threads"], row["part"]) == (shape, threads, part)])
        _draw(flags.save_path, everything, shape, threads)


def _multiply_adds(network, part):
    """Of one token."""
    options = _options(network)
    shapes = variables.shapes(options, language_model.VOCABULARY)
    whole = cost.multiply_adds(shapes, model.structure(options))
    softmax = cost.weight_count({"softmax": shapes[variables.SOFTMAX_W]})
    return {"whole": whole, "softmax": softmax, "stack": whole - softmax}[part]


def _show(rows):
    """A line per network, a column per rival: milliseconds, and times faster than the same rival's dense network."""
    if not rows:
        return
    found = {(row["network"], row["rival"]): row for row in rows}
    rivals = [rival for rival in RIVALS if any(rival == row["rival"] for row in rows)]
    title = "{part}, {shape}, threads: {threads}".format(**rows[0])
    lines = []
    for network in (name for name in NETWORKS if any(name == row["network"] for row in rows)):
        cells = [network, ""]
        for rival in rivals:
            row, dense = found.get((network, rival)), found.get((DENSE, rival))
            if row is None:
                cells.append("")
                continue
            ratio = float(dense["milliseconds"]) / float(row["milliseconds"]) if dense else None
            cells.append("{:.4g} ms".format(float(row["milliseconds"])) + (" {:.2f}x".format(ratio) if dense else ""))
            if dense:
                cells[1] = "{:.2f}x".format(int(dense["multiply_adds"]) / int(row["multiply_adds"]))
        lines.append(cells)
    reporting.show([title, "fewer multiply-adds"] + rivals, lines)


def _draw(folder, rows, shape, threads):
    panels = {}
    order = list(RIVALS)
    for row in sorted((row for row in rows if row["rival"] in order), key=lambda row: order.index(row["rival"])):
        if (row["shape"], row["threads"]) == (shape, threads) and row["part"] in ("stack", "whole"):
            panel = "{}, {}".format(row["part"], row["network"])
            panels.setdefault(panel, {})[row["rival"]] = tuple(
                float(row[key]) for key in ("milliseconds", "low", "high")
            )
    panels = {name: panels[name] for name in sorted(panels)}
    title = "Inference at {} words, threads: {}".format(shape.replace("x", " x "), threads)
    path = os.path.join(folder, "inference_{}_threads_{}.png".format(shape, threads))
    reporting.bars(path, title, panels, "milliseconds", columns=2)


if __name__ == "__main__":
    command.run(main)
