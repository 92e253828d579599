package org.espalier.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.espalier.cli.StageMeter.Subject;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.ModelContent;
import org.espalier.format.PeftAdapter;
import org.espalier.format.PeftMerge;
import org.espalier.format.SafetensorsFolder;
import org.espalier.importance.Calibration;
import org.espalier.job.Pruning;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.report.Comparison;
import org.espalier.report.Figures;
import org.espalier.report.ReportFiles;
import org.espalier.report.StandardMeasure;
import org.espalier.report.TrainingFile;
import org.espalier.text.TokenizerFiles;
import org.espalier.tune.TrainingData;

/** The main job, from a checkpoint to a page: a model is pruned, trained back, and measured before, between and after. */
final class Pipeline {

    /**
     * What to do.
     *
     * @param source      checkpoint that is pruned; it stays as it is
     * @param prune       how
     * @param recovery    how what is left is trained back
     * @param evaluation  perplexities to measure
     * @param prompt      that each model continues
     * @param textTokens  new tokens at most
     * @param repetitions turns in which speed is measured; 0 for neither speed nor memory
     * @param seed        of everything random
     */
    record Job(
            Path source,
            PruneOptions prune,
            Recovery recovery,
            Evaluation evaluation,
            String prompt,
            int textTokens,
            int repetitions,
            long seed) {}

    /** A part of the work that takes time. */
    @FunctionalInterface
    private interface Step<T> {
        T run() throws IOException;
    }

    private static final String DENSE = "dense";
    private static final String PRUNED = "pruned";
    private static final String ADAPTER = "adapter";
    private static final String RECOVERED = "recovered";

    private static final double SHOWN_SECONDS = 0.05;

    private final EngineCommand command;
    private final ComputeOptions compute;
    private final Job job;
    private final Path folder;
    private final Path out;
    private final Map<String, Double> seconds = new LinkedHashMap<>();
    private final List<Comparison.Widths> widths = new ArrayList<>();
    private String device;

    /**
     * @param folder that exists and gets the pruned model, the adapter, the recovered model and the report
     * @param out    where readers will find that folder
     */
    Pipeline(EngineCommand command, ComputeOptions compute, Job job, Path folder, Path out) {
        this.command = command;
        this.compute = compute;
        this.job = job;
        this.folder = folder;
        this.out = out;
    }

    /** Does it all. What is wrong with the inputs is found before the long work. */
    Comparison run() throws IOException {
        TrainingData samples = job.recovery.samples(job.source);
        Optional<Calibration> calibration = job.prune.calibration(job.source, job.seed);
        StageMeter meter = new StageMeter(
                command,
                compute,
                new StageMeter.Wanted(
                        job.evaluation,
                        samples.heldOut(),
                        job.recovery.data(),
                        job.prompt,
                        job.textTokens,
                        job.repetitions,
                        job.seed));
        try (DenseCopy dense = DenseCopy.of(job.source, job.prune.type(), folder, command)) {
            look(meter, new Subject(DENSE, dense.path(), shown(job.source).toString()));
            Pruning.Result pruned = timed("pruning", () -> prune(calibration));
            look(meter, subject(PRUNED));
            Comparison.Training training = timed("training", () -> tune(samples));
            timed("merging", this::merge);
            look(meter, subject(RECOVERED));
            List<Comparison.Stage> stages = timed("measuring speed", meter::finish);
            Comparison comparison = comparison(meter, dense.note(), pruned, training, stages);
            ReportFiles.writeInto(folder, comparison);
            return comparison;
        }
    }

    private Subject subject(String name) {
        return new Subject(
                name, folder.resolve(name), shown(folder.resolve(name)).toString());
    }

    /** Where readers will find what lies here now. */
    private Path shown(Path path) {
        return path.startsWith(folder) ? out.resolve(folder.relativize(path)) : path;
    }

    private void look(StageMeter meter, Subject subject) throws IOException {
        timed("measuring " + subject.name(), () -> {
            meter.look(subject);
            return null;
        });
    }

    private Pruning.Result prune(Optional<Calibration> calibration) throws IOException {
        Path pruned = Files.createDirectory(folder.resolve(PRUNED));
        try (OpenModel open = compute.model(job.source)) {
            device = open.backend().name();
            List<LayerConfig> layers = open.model().config().layers();
            IntStream.range(0, layers.size())
                    .forEach(i -> widths.add(new Comparison.Widths(
                            i,
                            layers.get(i).heads(),
                            layers.get(i).kvHeads(),
                            layers.get(i).intermediate())));
            return job.prune
                    .writeInto(pruned, command, job.source, open, calibration, job.seed)
                    .result();
        }
    }

    private Comparison.Training tune(TrainingData samples) throws IOException {
        Path adapter = Files.createDirectory(folder.resolve(ADAPTER));
        try (OpenModel open = compute.model(folder.resolve(PRUNED))) {
            job.recovery
                    .writeInto(adapter, shown(folder.resolve(PRUNED)).toString(), open, samples)
                    .adapter()
                    .close();
        }
        return TrainingFile.read(adapter).training();
    }

    private Path merge() {
        Path recovered = folder.resolve(RECOVERED);
        try (Checkpoint pruned = Checkpoints.open(folder.resolve(PRUNED));
                PeftAdapter adapter = PeftAdapter.open(folder.resolve(ADAPTER));
                Progress progress = command.progress("merge", "bytes", pruned.weightBytes())) {
            ModelContent merged = PeftMerge.of(pruned, adapter, Optional.empty())
                    .withFiles(TokenizerFiles.of(folder.resolve(PRUNED), pruned));
            new SafetensorsFolder().write(recovered, merged.reporting(progress::advance), false);
        }
        return recovered;
    }

    /** Does a step, keeps its time and says that it is done. */
    private <T> T timed(String name, Step<T> step) throws IOException {
        long start = System.nanoTime();
        T result = step.run();
        double passed = (System.nanoTime() - start) / 1e9;
        if (passed >= SHOWN_SECONDS) {
            seconds.put(name, passed);
            command.note("%s: %.1f s".formatted(name, passed));
        }
        return result;
    }

    private Comparison comparison(
            StageMeter meter,
            Optional<String> note,
            Pruning.Result pruned,
            Comparison.Training training,
            List<Comparison.Stage> stages) {
        Map<String, String> notes = meter.notes();
        note.ifPresent(how -> notes.put(DENSE, how));
        notes.put(
                "this run",
                "%s resident at most, all models and training included".formatted(Figures.bytes(Machine.peakMemory())));
        double removed = 1 - parameters(stages.getLast()) / parameters(stages.getFirst());
        String model = job.source.toAbsolutePath().normalize().getFileName().toString();
        return new Comparison(
                Comparison.FORMAT_VERSION,
                "%s, %.1f %% smaller".formatted(model, 100 * removed),
                model,
                device,
                Machine.cpu(),
                compute.threads(),
                command.typed(),
                notes,
                seconds,
                job.prompt,
                stages,
                widths,
                training,
                pruned.plan(),
                pruned.scores());
    }

    private static double parameters(Comparison.Stage stage) {
        return stage.value(StandardMeasure.PARAMETERS).orElseThrow();
    }
}
