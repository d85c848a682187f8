"""Train what is missing of one of the paper's tables, and show the paper's numbers beside ours.

    python paper/make.py --table=1 [--scale=cpu] [--rows=iss_*] [--jobs=2] [--dry-run | --show]

What was interrupted goes on, what is done is not done again: its numbers lie in results/, also of runs on another
machine. Writes results/tableN.csv and, once a row is done, figures of the table.
"""

import os

from paper import estimate, figures, jobs, printed, records, rows, sizes
from paper.board import Board
from sparse_rnn.errors import UserError
from sparse_rnn.training import command, command_line, options, origin


def main(arguments):
    """Run the command; returns the exit code."""
    flags = _parse(arguments)
    table = rows.load(flags.table, flags.scale)
    name = "table{}_{}".format(flags.table, flags.scale)
    board = Board(name, table, flags.data_path or table.data_path, flags.runs_path, flags.results_path)
    for row in [] if flags.dry_run else table.names:
        board.publish(row)
    chosen = options.match_names(flags.rows, table.names, "--rows", "row")
    missing = [] if flags.show else board.missing(chosen)
    if flags.dry_run:
        _foresee(board, chosen, missing)
        return 0
    if missing:
        _check_data(board, missing)
    shown = _Shown(board, flags)
    failed = jobs.run_all(board, missing, flags.jobs, ended=lambda name: shown.write())
    is_new = flags.show or len(failed) < len(missing)
    shown.write(measuring=is_new and not flags.skip_timing)
    if not any(map(board.damage, table.names)):
        shown.draw()
    print(shown.text(chosen))
    if failed:
        told = "; ".join("{} ({})".format(name, why.rstrip(".")) for name, why in failed.items())
        goes_on = "" if any(map(board.damage, failed)) else "; the same command goes on"
        raise UserError("not trained to the end: {}{}.".format(told, goes_on))
    return 0


def _check_data(board, missing):
    """Refuse data that no row can be trained on, before a training is begun."""
    if not os.path.exists(board.data_path):
        raise UserError("--data_path: '{}' is not there; {}.".format(board.data_path, board.table.data_help))
    known = [board.run(name).experiment for name in missing if board.run(name).experiment is not None]
    for experiment in known[:1]:
        board.kind.data(experiment, board.data_path)


class _Shown:
    """The CSV, written anew as rows end, the figures, and the table as text."""

    def __init__(self, board, flags):
        self._board, self._scale, self._results = board, flags.scale, flags.results_path
        self._path = os.path.join(flags.results_path, "table{}.csv".format(flags.table))
        self._records = []

    def write(self, measuring=False):
        """Write what is known; ``measuring`` times a batch, which nothing else should run beside."""
        if measuring:
            timed = sizes.measure(self._board)
        else:
            timed = records.earlier_timed(self._path, self._board, self._scale)
        self._records = records.of_table(self._board, self._scale, timed, self._path)
        records.write(self._path, self._records, self._scale)

    def draw(self):
        """The figures of what was written."""
        figures.draw(self._board, self._records, self._results)

    def text(self, chosen):
        """The printed table of the rows ``chosen``."""
        records = [record for record in self._records if record["row"] in chosen]
        return "\n{}\n\n{}\n\n{}".format(self._board.table.title, printed.text(self._board, records), self._path)


def _foresee(board, chosen, missing):
    """Print the commands, and how long their steps would take here."""
    print("{}\n{}\n".format(board.table.title, origin.machine()))
    there = os.path.exists(board.data_path)
    estimates, total = estimate.Estimates(board.kind, board.data_path), 0.0
    for name in board.table.names:
        if (name in chosen or name in missing) and board.damage(name):
            print("{} is damaged. {}".format(name, board.damage(name)))
        elif name in missing:
            experiment, told = board.run(name).experiment, ""
            if there and experiment is not None:
                seconds = estimates.seconds(experiment, max(experiment.train.epochs - board.epochs_here(name), 0))
                total += seconds
                told = ", {} with the steps of its first epoch".format(_hours(seconds))
            print("{}{}\n  {}".format(name, told, board.command(name)), flush=True)
        elif name in chosen:
            print("{} is done".format(name))
    if there:
        follow = any(board.run(name).experiment is None for name in missing)
        left_out = "evaluation" + (" and rows that follow from others" if follow else "")
        print("\n{} in all, one run at a time, {} not counted; less as units die".format(_hours(total), left_out))
    elif missing:
        print("\nno time is measured: '{}' is not there; {}".format(board.data_path, board.table.data_help))


def _hours(seconds):
    return "{:.1f} h".format(seconds / 3600) if seconds >= 3600 else "{:.0f} min".format(seconds / 60)


def _parse(arguments):
    parser = command_line.parser(__doc__)
    parser.add_argument("--table", type=int, choices=rows.TABLES, required=True, help="number of the paper's table")
    parser.add_argument(
        "--scale",
        choices=rows.SCALES,
        default="paper",
        help="paper: its own models; cpu: the same experiment at a size that two cores can train (default: paper)",
    )
    parser.add_argument(
        "--rows",
        type=lambda text: text.split(","),
        default=["*"],
        help="only these, names or patterns such as iss_*, with commas between; the CSV and the figures have all",
    )
    parser.add_argument("--jobs", type=command_line.at_least_one, default=1, help="trainings side by side (default: 1)")
    parser.add_argument("--data_path", help="what is trained on (default: that of the table)")
    parser.add_argument("--runs_path", default="runs", help="folder of the run directories (default: runs)")
    parser.add_argument("--results_path", default="results", help="folder of what is published (default: results)")
    looking = parser.add_mutually_exclusive_group()
    looking.add_argument("--dry-run", action="store_true", help="print the commands and how long they take here")
    looking.add_argument("--show", action="store_true", help="train nothing, show what there is, timed anew")
    parser.add_argument("--skip-timing", action="store_true", help="time no batch; keep what an earlier call measured")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    command.run(main)
