"""What every command line of this project does with errors and interruptions."""

import signal
import sys

from sparse_rnn.errors import UserError


def run(main, arguments=None):
    """Call ``main(arguments)`` and end the process with its exit code.

    A UserError becomes one sentence on stderr and exit code 2; Ctrl-C and SIGTERM end with 130 after
    the command has saved what it saves.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        sys.exit(main(sys.argv[1:] if arguments is None else arguments))
    except UserError as error:
        print("error: {}".format(error), file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("interrupted.", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)


def _interrupt(signal_number, frame):
    raise KeyboardInterrupt
