package org.espalier.job;

import java.nio.file.Path;
import org.espalier.error.Failure;
import org.espalier.format.Checkpoint;
import org.espalier.importance.ScoresFile;
import org.espalier.plan.LatencyTable;

/** Whether a plan, or scores, are of the weights that they are used with. */
final class SourceCheck {

    private SourceCheck() {}

    /**
     * Compares weights by their hashes.
     *
     * @param source  that is named
     * @param problem of other weights, to be said before their name
     * @param advice  what to do about it
     * @throws Failure if they are others
     */
    static void require(ScoresFile.Source source, Path model, Checkpoint checkpoint, String problem, String advice) {
        String sha256 = checkpoint.sha256();
        if (!sha256.equals(source.sha256())) {
            throw new Failure(
                    problem + " (" + source.path() + ", SHA-256 " + source.sha256() + ")",
                    model + ", SHA-256 " + sha256,
                    advice);
        }
    }

    /**
     * Whether scores are of a model's weights.
     *
     * @throws Failure if they are of others
     */
    static void requireScores(ScoresFile scores, Path model, Checkpoint checkpoint) {
        require(
                scores.source(),
                model,
                checkpoint,
                "scores are of other weights",
                "use the model that the scores name, or score this one");
    }

    /**
     * Whether latencies are of a model.
     *
     * @throws Failure if they are of another
     */
    static void requireLatency(LatencyTable table, Path model, Checkpoint checkpoint) {
        require(
                table.source(),
                model,
                checkpoint,
                "the table of latencies is of another model",
                "measure this one with 'engine bench --widths'");
    }
}
