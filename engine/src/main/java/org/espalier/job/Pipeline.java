package org.espalier.job;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.espalier.file.Sha256;
import org.espalier.importance.Calibration;
import org.espalier.job.StageMeter.HeldOut;
import org.espalier.job.StageMeter.Subject;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.report.Comparison;
import org.espalier.report.Figures;
import org.espalier.report.ReportFiles;
import org.espalier.report.StandardMeasure;
import org.espalier.report.TrainingFile;
import org.espalier.tune.TrainingData;

/** One run of the main job, step by step: see {@link PipelineJob}. */
final class Pipeline {

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

    private final Engine engine;
    private final PipelineSettings settings;
    private final Path source;
    private final Path folder;
    private final Path out;
    private final Map<String, Double> seconds = new LinkedHashMap<>();
    private final List<Comparison.Widths> widths = new ArrayList<>();
    private String device;

    /**
     * @param source checkpoint that is pruned
     * @param folder that exists and gets the pruned model, the adapter, the recovered model and the report
     * @param out    where readers will find that folder
     */
    Pipeline(Engine engine, PipelineSettings settings, Path source, Path folder, Path out) {
        this.engine = engine;
        this.settings = settings;
        this.source = source;
        this.folder = folder;
        this.out = out;
    }

    Comparison run() throws IOException {
        Recovery recovery = new Recovery(settings.tune(), folder.resolve(ADAPTER), engine);
        TrainingData samples = recovery.samples(source);
        Optional<Calibration> calibration = settings.prune().importance().sequences(source);
        HeldOut heldOut = new HeldOut(
                samples.heldOut(),
                settings.tune().texts().stream()
                        .map(file -> file.getFileName().toString())
                        .collect(Collectors.joining(", ")));
        StageMeter meter = new StageMeter(engine, settings.compare(), heldOut);
        try (DenseCopy dense = DenseCopy.of(source, settings.prune().dtype(), folder, engine.listener())) {
            look(meter, new Subject(DENSE, dense.path(), shown(source).toString()));
            Pruning.Result pruned = timed("pruning", () -> prune(calibration));
            look(meter, subject(PRUNED));
            Comparison.Training training = timed("training", () -> tune(recovery, samples));
            if (!settings.tune().full()) {
                timed("merging", this::merge);
            }
            look(meter, subject(RECOVERED));
            List<Comparison.Stage> stages = timed("measuring distance and speed", meter::finish);
            Map<String, String> hashes = meter.hashes();
            hashes.put("training data", TrainingFile.read(learned()).data().sha256());
            hashes.put("plan", Sha256.ofFile(folder.resolve(PRUNED).resolve(Compaction.PLAN)));
            Comparison comparison = comparison(notes(meter, dense.note()), hashes, pruned, training, stages);
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
        try (OpenModel open = engine.open(source)) {
            device = open.backend().name();
            List<LayerConfig> layers = open.model().config().layers();
            IntStream.range(0, layers.size())
                    .forEach(i -> widths.add(new Comparison.Widths(
                            i,
                            layers.get(i).heads(),
                            layers.get(i).kvHeads(),
                            layers.get(i).intermediate())));
            return new Pruner(settings.prune(), engine.listener())
                    .writeInto(pruned, open, calibration)
                    .result();
        }
    }

    private Comparison.Training tune(Recovery recovery, TrainingData samples) throws IOException {
        Path learned = Files.createDirectory(learned());
        try (OpenModel open = engine.open(folder.resolve(PRUNED))) {
            recovery.writeInto(learned, shown(folder.resolve(PRUNED)).toString(), open, samples);
        }
        return TrainingFile.read(learned).training();
    }

    /** Where training leaves what it learns, and its record. */
    private Path learned() {
        return folder.resolve(settings.tune().full() ? RECOVERED : ADAPTER);
    }

    private MergeJob.Result merge() {
        return new MergeJob(engine.listener(), Optional.empty())
                .run(folder.resolve(PRUNED), folder.resolve(ADAPTER), Destination.at(folder.resolve(RECOVERED)));
    }

    /** Does a step, keeps its time and says that it is done. */
    private <T> T timed(String name, Step<T> step) throws IOException {
        long start = System.nanoTime();
        T result = step.run();
        double passed = (System.nanoTime() - start) / 1e9;
        if (passed >= SHOWN_SECONDS) {
            seconds.put(name, passed);
            engine.listener().note("%s: %.1f s".formatted(name, passed));
        }
        return result;
    }

    private static Map<String, String> notes(StageMeter meter, Optional<String> dense) {
        Map<String, String> notes = meter.notes();
        dense.ifPresent(how -> notes.put(DENSE, how));
        String peak = Figures.bytes((double) Machine.peakMemory());
        notes.put("this run", peak + " resident at most, all models and training included");
        return notes;
    }

    private Comparison comparison(
            Map<String, String> notes,
            Map<String, String> hashes,
            Pruning.Result pruned,
            Comparison.Training training,
            List<Comparison.Stage> stages) {
        double removed = 1 - parameters(stages.getLast()) / parameters(stages.getFirst());
        String model = source.toAbsolutePath().normalize().getFileName().toString();
        return new Comparison(
                Comparison.FORMAT_VERSION,
                "%s, %.1f %% smaller".formatted(model, 100 * removed),
                new Comparison.Circumstances(
                        model,
                        device,
                        Machine.cpu(),
                        engine.compute().threads(),
                        settings.command(),
                        notes,
                        seconds,
                        hashes),
                settings.compare().prompts().getFirst(),
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
