package org.espalier.job;

import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import org.espalier.error.Failure;
import org.espalier.report.MetricsFile;
import org.espalier.report.TrainingFile;
import org.espalier.tune.History;
import org.espalier.tune.OptimizerFile;

/** What a training left before it was at its end, to be gone on with by the same training only. */
final class Unfinished {

    private final Path place;
    private final TrainingFile left;

    private Unfinished(Path place, TrainingFile left) {
        this.place = place;
        this.left = left;
    }

    /** @throws Failure if nothing was left there */
    static Unfinished at(Path place) {
        if (!OptimizerFile.isIn(place)) {
            throw new Failure(
                    "no unfinished training to resume",
                    place.toString(),
                    "start it without --resume, with --save-every to be able to go on later");
        }
        return new Unfinished(place, TrainingFile.read(place));
    }

    /** How it went so far. */
    History history() {
        return MetricsFile.read(place);
    }

    /**
     * Refuses another training than the one that was left, by what is other.
     *
     * @param origin of the training that is to go on
     * @param files  hashes of what lies there
     */
    void requireSame(TrainingFile.Origin origin, Supplier<TrainingFile.Hashes> files) {
        if (left.hashes() == null
                || left.hashes().optimizer() == null
                || left.hashes().metrics() == null
                || left.computer() == null) {
            throw refusal(
                    "the training there was begun by an earlier version, or its record is not of an unfinished one",
                    "start it again without --resume");
        }
        difference(origin).ifPresent(other -> {
            throw refusal(
                    "the training there was begun with " + other, "repeat the command that began it, with --resume");
        });
        if (!files.get().equals(left.hashes())) {
            throw refusal(
                    "what was learned, the optimizer or the metrics beside it is not what was left with it",
                    "put the files back that were left together, or start again without --resume");
        }
    }

    private Optional<String> difference(TrainingFile.Origin origin) {
        if (!origin.hashes().model().equals(left.hashes().model())) {
            return Optional.of("another model or other weights");
        }
        if (!origin.hashes().samples().equals(left.hashes().samples())) {
            return Optional.of("other texts");
        }
        if (!origin.taughtAs(left)) {
            return Optional.of("another teacher, or another weight of it");
        }
        return origin.settings()
                .difference(left.settings())
                .map(setting -> "other settings, " + setting)
                .or(() -> origin.computer().difference(left.computer()).map(other -> "another " + other));
    }

    private Failure refusal(String problem, String advice) {
        return new Failure(problem, place.resolve(TrainingFile.NAME).toString(), advice);
    }
}
