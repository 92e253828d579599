package org.espalier.job;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.espalier.backend.OwnMemory;
import org.espalier.couple.Selection;
import org.espalier.couple.Units;
import org.espalier.cut.Compactor;
import org.espalier.cut.Compensated;
import org.espalier.cut.Compensation;
import org.espalier.cut.Compensator;
import org.espalier.cut.FitBatches;
import org.espalier.cut.FitWorkers;
import org.espalier.error.Failure;
import org.espalier.format.ModelContent;
import org.espalier.format.NumberTypes;
import org.espalier.importance.Calibration;
import org.espalier.model.ModelConfig;
import org.espalier.plan.Plan;
import org.espalier.plan.PlanFile;
import org.espalier.plan.PlanSelection;
import org.espalier.text.TokenizerCut;

/** Cuts out of a model what a plan does not keep, makes up for it, and writes what is left. */
final class Compaction {

    /** The plan's file in the folder of a pruned model. */
    static final String PLAN = "plan.json";

    private final OpenModel open;
    private final CompensationSettings settings;
    private final Compensation usual;
    private final Listener listener;
    private final Optional<Shared> shared;

    /**
     * @param usual  what makes up for what is gone if the settings say nothing
     * @param shared those who hold the streams of a least-squares fit, if it is not this process
     */
    Compaction(
            OpenModel open,
            CompensationSettings settings,
            Compensation usual,
            Listener listener,
            Optional<Shared> shared) {
        this.shared = shared;
        this.open = open;
        this.settings = settings;
        this.usual = usual;
        this.listener = listener;
    }

    /**
     * What is left of a model.
     *
     * @param parameters of it, with what makes up for what is gone
     * @param config     its configuration
     */
    record Left(long parameters, ModelConfig config) {}

    /** Writes what is left of a model. */
    @FunctionalInterface
    interface Writing {
        void write(ModelContent left) throws IOException;
    }

    /**
     * Cuts and writes.
     *
     * @param plan        what is kept
     * @param where       the plan is from, for messages
     * @param calibration for what makes up for what is gone
     * @param types       to store weights in
     * @param writing     gets what is left, with the plan
     * @throws Failure if the plan is not for this model, or there is not enough memory
     */
    Left write(Plan plan, String where, Optional<Calibration> calibration, NumberTypes types, Writing writing)
            throws IOException {
        Selection selection = new PlanSelection(open.model().config(), where).removed(plan);
        try (Compensated compensated = compensated(plan, selection, calibration)) {
            ModelContent left =
                    new Compactor(open.checkpoint(), open.model().config(), selection, types).content(compensated);
            writing.write(withTokenizer(Companions.with(left, open.path(), open.checkpoint()), selection)
                    .withFile(ModelCard.FILE, card(plan, compensated).bytes())
                    .withFile(PLAN, PlanFile.bytes(plan.with(fitted(selection, calibration, compensated.ridges())))));
            return new Left(compensated.parameters(), compensated.config());
        }
    }

    /** A model that has not all tokens has a tokenizer of those that stay. */
    private ModelContent withTokenizer(ModelContent content, Selection selection) {
        Optional<Units> tokens = selection
                .structure()
                .vocabulary()
                .filter(units -> !selection.removed(units).isEmpty());
        return tokens.isEmpty()
                ? content
                : TokenizerCut.of(open.path(), open.checkpoint())
                        .beside(content, tokens.get().count(), selection.staying(tokens.get()));
    }

    private ModelCard card(Plan plan, Compensated compensated) {
        return new ModelCard(
                plan,
                compensated.parameters(),
                Openers.of(compensated.config()),
                Companions.licences(open.path()).keySet());
    }

    /** What the plan says of the fit; null if nothing was fitted. */
    private Plan.Fitted fitted(Selection selection, Optional<Calibration> calibration, Map<String, Double> ridges) {
        Compensation kind = settings.kindOr(usual);
        if (kind == Compensation.NONE || selection.withWholeVocabulary().isEmpty()) {
            return null;
        }
        Calibration used = calibration.orElseThrow();
        boolean each = kind == Compensation.LSTSQ && settings.ridge().chosen();
        return new Plan.Fitted(
                kind.toString(),
                kind == Compensation.LSTSQ && !each ? settings.ridge().share() : null,
                each ? ridges : null,
                used.sequences().size(),
                used.seqLen());
    }

    private Compensated compensated(Plan plan, Selection selection, Optional<Calibration> calibration) {
        Compensation kind = settings.kindOr(usual);
        if (kind == Compensation.NONE || selection.withWholeVocabulary().isEmpty()) {
            return Compensated.nothing(open.model().config(), selection);
        }
        FitBatches batches = batches(calibration.orElseThrow());
        if (shared.isEmpty() || kind != Compensation.LSTSQ) {
            return compensated(kind, compensator(selection, batches, Optional.empty()));
        }
        try (SharedFit workers = new SharedFit(shared.get(), plan, open.model(), selection, batches, listener)) {
            return compensated(kind, compensator(selection, batches, Optional.of(workers)));
        }
    }

    /** Sources are kept apart only where one is left out after the other, as the batches are shorter for it. */
    private FitBatches batches(Calibration calibration) {
        List<int[]> sequences = calibration.sequences();
        return FitBatches.of(
                open.model().config(),
                sequences,
                settings.ridge().chosen() ? calibration.sources() : List.of(sequences.size()),
                0);
    }

    private Compensator compensator(Selection selection, FitBatches batches, Optional<FitWorkers> workers) {
        return new Compensator(open.model(), selection, batches, settings.ridge(), workers);
    }

    private Compensated compensated(Compensation kind, Compensator compensator) {
        Compensator.Bytes bytes = compensator.bytes(kind);
        requireMemory(bytes, open.model().ownMemory(bytes.computing()), kind);
        int layers = open.model().config().layers().size();
        try (Progress progress = listener.begin("compensating", "layers", layers)) {
            return compensator.run(kind, () -> progress.advance(1));
        }
    }

    private static void requireMemory(Compensator.Bytes bytes, Optional<OwnMemory> own, Compensation kind) {
        own.ifPresent(memory -> require("memory of the GPU beside weights", bytes.computing(), memory.free(), kind));
        long available = Machine.memoryAvailable();
        if (available > 0) {
            require("memory", bytes.results() + (own.isPresent() ? 0 : bytes.computing()), available, kind);
        }
    }

    private static void require(String memory, long bytes, long available, Compensation kind) {
        if (bytes > available) {
            throw new Failure(
                    "not enough %s: %s are needed, %s can be had"
                            .formatted(memory, Machine.size(bytes), Machine.size(available)),
                    "--compensate " + kind,
                    "use fewer --samples or a shorter --seq-len");
        }
    }
}
