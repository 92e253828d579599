package org.espalier.job;

import java.nio.file.Path;
import java.util.List;
import org.espalier.file.Closing;
import org.espalier.file.Sha256;
import org.espalier.model.Model;
import org.espalier.model.ModelCheckpoint;
import org.espalier.report.TrainingFile;
import org.espalier.tune.Teacher;

/**
 * A model that another one learns from, on the backend of that one, which stays open.
 *
 * @param path       that was opened
 * @param checkpoint its configuration and weights
 * @param model      that predicts
 * @param teacher    what a training asks
 * @param share      what the divergence from it counts
 */
record OpenTeacher(Path path, ModelCheckpoint checkpoint, Model model, Teacher teacher, double share)
        implements AutoCloseable {

    /**
     * Opens a teacher; of one that knows more tokens than the model that learns, what it predicts of that one's tokens counts.
     *
     * @param learner that stays open
     * @throws org.espalier.error.Failure if there is no such model
     */
    static OpenTeacher open(Path path, double share, OpenModel learner) {
        ModelCheckpoint checkpoint = ModelCheckpoint.open(path);
        try {
            checkpoint = learner.matched(checkpoint, path);
            Model model = Model.open(checkpoint, learner.backend());
            return new OpenTeacher(path, checkpoint, model, new Teacher(model, share), share);
        } catch (RuntimeException | Error e) {
            checkpoint.close();
            throw e;
        }
    }

    /** What the record of the training says of it. */
    TrainingFile.Teaching record() {
        return new TrainingFile.Teaching(
                path.toString(), Sha256.ofSamples(checkpoint.config().toString(), checkpoint.weightFiles()), share);
    }

    @Override
    public void close() {
        Closing.all(List.of(teacher::close, model::close, checkpoint::close));
    }
}
