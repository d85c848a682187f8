"""What a run says at its end: report.txt, report.json and plots, from its last weights."""

import json

from ptb import evaluation
from sparse_rnn import sparsity
from sparse_rnn.compat import tf


def finish(run, experiment, corpus, task, session):
    """Evaluate valid and test text in both styles and write the report; done once, at the end."""
    if run.has_report():
        run.say("this run is finished; its report:\n" + files.read_text(run.file("report.txt")).rstrip())
        return
    variables = tf.trainable_variables()
    arrays = dict(zip([variable.op.name for variable in variables], session.run(variables)))
    session.close()
    loaded = evaluation.LoadedModel(experiment.model, experiment.train, arrays)
    perplexity = {
        split: {style: loaded.perplexity(ids, style, split) for style in evaluation.STYLES}
        for split, ids in (("valid", corpus.valid), ("test", corpus.test))
    }
    counts = sparsity.report(arrays, task.structure, [variable.op.name for variable in variables])
    lines = [
        "{} perplexity: {:.3f} batched, {:.3f} full".format(split, values["batched"], values["full"])
        for split, values in perplexity.items()
    ]
    report = "\n".join(lines) + "\n\n" + str(counts)
    files.write_text(run.file("report.json"), json.dumps(dict(counts.as_dict(), perplexity=perplexity), indent=2) + "\n")
    files.write_text(run.file("report.txt"), report + "\n")
    run.say(report)
