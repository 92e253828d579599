package org.espalier.job;

import java.nio.file.Path;
import java.util.Optional;
import org.espalier.importance.Aggregate;
import org.espalier.importance.BlockCriterion;
import org.espalier.importance.Calibration;
import org.espalier.importance.Candidates;
import org.espalier.importance.Criterion;
import org.espalier.importance.Method;
import org.espalier.importance.UnitScores.Alignment;

/** How units are scored, and on what. */
public final class ImportanceSettings extends Settings<ImportanceSettings> {

    /** What is looked at where nothing else is set. */
    public static final Criterion CRITERION = Criterion.PARAM_SECOND;
    /** What LLM-Pruner looks at. */
    public static final Criterion LLM_PRUNER_CRITERION = Criterion.PARAM_FIRST;

    private Optional<Criterion> criterion = Optional.empty();
    private Optional<Aggregate> aggregate = Optional.empty();
    private BlockCriterion blockCriterion = BlockCriterion.COSINE;
    private boolean compatible;
    private CalibrationSettings calibration = CalibrationSettings.defaults();
    private long seed = SEED;

    private ImportanceSettings() {}

    /** Squared gradients times weights, of which calibration text is still to be named. */
    public static ImportanceSettings defaults() {
        return new ImportanceSettings();
    }

    /** What is looked at. */
    public ImportanceSettings criterion(Criterion criterion) {
        return with(copy -> copy.criterion = Optional.of(criterion));
    }

    /** What is looked at. */
    public Criterion criterion() {
        return criterion.orElse(compatible ? LLM_PRUNER_CRITERION : CRITERION);
    }

    /** How the members of a group become one. */
    public ImportanceSettings aggregate(Aggregate aggregate) {
        return with(copy -> copy.aggregate = Optional.of(aggregate));
    }

    /** How whole blocks are scored. */
    public ImportanceSettings blockCriterion(BlockCriterion criterion) {
        return with(copy -> copy.blockCriterion = criterion);
    }

    /** How whole blocks are scored. */
    public BlockCriterion blockCriterion() {
        return blockCriterion;
    }

    /** Whether units are scored, and counted, as LLM-Pruner does, its mistakes included. */
    public ImportanceSettings compatible(boolean compatible) {
        return with(copy -> copy.compatible = compatible);
    }

    /** Whether LLM-Pruner's choices are wanted. */
    public boolean compatible() {
        return compatible;
    }

    /** What activations and gradients are computed on. */
    public ImportanceSettings calibration(CalibrationSettings calibration) {
        return with(copy -> copy.calibration = calibration);
    }

    /** What activations and gradients are computed on. */
    public CalibrationSettings calibration() {
        return calibration;
    }

    /** Of the calibration sequences that are drawn, and of random scores. */
    public ImportanceSettings seed(long seed) {
        return with(copy -> copy.seed = seed);
    }

    @Override
    public Optional<String> complaint() {
        return calibration.complaint();
    }

    /**
     * Why these settings do not go together with what is scored, if they do not.
     *
     * @param candidates what is scored
     */
    Optional<String> complaint(Candidates candidates) {
        if (compatible && !calibration.given() && candidates.needsCalibration(criterion())) {
            boolean units = candidates.scoresUnits() && criterion().needsCalibration();
            return Optional.of((units ? "criterion " + criterion() : "--block-score " + candidates.blockCriterion())
                    + " needs --calibration FILE (any text) or --ids-file FILE");
        }
        return complaint();
    }

    /**
     * Whether a model has to write itself what it is calibrated on, because nothing else is given.
     *
     * @param candidates what is scored
     */
    boolean writesOwn(Candidates candidates) {
        return !compatible && !calibration.given() && candidates.needsCalibration(criterion());
    }

    Method method() {
        Criterion chosen = criterion();
        return new Method(
                chosen,
                aggregate.orElse(chosen.defaultAggregate()),
                compatible ? Alignment.LLM_PRUNER : Alignment.BY_UNIT,
                seed);
    }

    /** The calibration sequences as {@code model} reads them; empty if no texts are given. */
    Optional<Calibration> sequences(Path model) {
        return calibration.read(model, seed, compatible);
    }
}
