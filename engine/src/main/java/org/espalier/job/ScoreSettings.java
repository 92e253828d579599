package org.espalier.job;

import java.util.List;
import java.util.Optional;
import org.espalier.importance.Candidates;

/** Which units of a model are scored, and how. */
public final class ScoreSettings extends Settings<ScoreSettings> {

    private ImportanceSettings importance = ImportanceSettings.defaults();
    private List<Unit> units = List.of(Unit.KV_HEADS, Unit.QUERY_HEADS, Unit.NEURONS);
    private MemorySettings memory = MemorySettings.defaults();

    private ScoreSettings() {}

    /** Heads and neurons of every layer. */
    public static ScoreSettings defaults() {
        return new ScoreSettings();
    }

    /** How units are scored, and on what. */
    public ScoreSettings importance(ImportanceSettings importance) {
        return with(copy -> copy.importance = importance);
    }

    /** How units are scored, and on what. */
    public ImportanceSettings importance() {
        return importance;
    }

    /** What is scored. */
    public ScoreSettings units(List<Unit> units) {
        List<Unit> all = List.copyOf(units);
        return with(copy -> copy.units = all);
    }

    /** What is scored. */
    public List<Unit> units() {
        return units;
    }

    /** Memory for scoring. */
    public ScoreSettings memory(MemorySettings memory) {
        return with(copy -> copy.memory = memory);
    }

    /** Memory for scoring. */
    public MemorySettings memory() {
        return memory;
    }

    @Override
    public Optional<String> complaint() {
        return importance.complaint(candidates());
    }

    Candidates candidates() {
        return Unit.candidates(units, importance.blockCriterion());
    }
}
