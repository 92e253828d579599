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
import org.espalier.tune.TrainingData;

/** One run of the main job, step by step: see {@link PipelineJob}. */
final class Pipeline {

    /** A part of the work that takes time. */
    @FunctionalInterface
    private interface Step<T> {
        T run() throws IOException;
    }

    private static final String DENSE = "dense";
    /** The folder of all parts but the last, each by its number. */
    private static final String STAGES = "stages";

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
        if (!settings.tune().textsGiven()) {
            Path texts = folder.resolve(OwnTexts.NAME);
            timed("writing", () -> done(() -> OwnTexts.write(engine, settings.tune(1, source), texts)));
            Pipeline rest = new Pipeline(engine, settings.tune(settings.tune().texts(texts)), source, folder, out);
            rest.seconds.putAll(seconds);
            return rest.run();
        }
        try (TrainingData samples = stage(settings.stages(), source, folder).samples()) {
            return run(samples);
        }
    }

    private Comparison run(TrainingData samples) throws IOException {
        Optional<Calibration> texts = settings.prune().importance().sequences(source);
        HeldOut heldOut = new HeldOut(
                samples.heldOut(),
                settings.tune().texts().stream()
                        .map(file -> file.getFileName().toString())
                        .collect(Collectors.joining(", ")));
        StageMeter meter = new StageMeter(engine, settings.compare(), heldOut);
        try (DenseCopy dense = DenseCopy.of(source, settings.prune().dtype(), folder, engine.listener())) {
            look(meter, new Subject(DENSE, dense.path(), shown(source).toString()));
            Optional<Calibration> calibration = calibration(texts);
            TrainingData part = samples.partOf(settings.stages());
            PipelineStage last = stage(settings.stages(), before(calibration, part), folder);
            Pruning.Result pruned = timed("pruning", () -> last.prune(calibration));
            look(meter, subject(PipelineStage.PRUNED));
            Comparison.Training training = timed("training", () -> last.train(part));
            if (last.merges()) {
                timed("merging", () -> done(last::merge));
            }
            look(meter, subject(PipelineStage.RECOVERED));
            List<Comparison.Stage> stages = timed("measuring distance and speed", meter::finish);
            Map<String, String> hashes = meter.hashes();
            hashes.put("training data", last.record().data().sha256());
            hashes.put(
                    "plan", Sha256.ofFile(folder.resolve(PipelineStage.PRUNED).resolve(Compaction.PLAN)));
            Comparison comparison = comparison(notes(meter, dense.note()), hashes, pruned, training, stages);
            ReportFiles.writeInto(folder, comparison);
            return comparison;
        }
    }

    private PipelineStage stage(int number, Path model, Path place) {
        return new PipelineStage(
                engine, settings.prune(number), settings.tune(number, source), model, place, this::shown);
    }

    /** All parts but the last; returns the model that they leave. */
    private Path before(Optional<Calibration> calibration, TrainingData samples) throws IOException {
        Path model = source;
        for (int number = 1; number < settings.stages(); number++) {
            Path place = Files.createDirectories(folder.resolve(STAGES).resolve(Integer.toString(number)));
            PipelineStage stage = stage(number, model, place);
            timed("stage %d of %d".formatted(number, settings.stages()), () -> {
                stage.prune(calibration);
                stage.train(samples);
                return stage.merges() ? done(stage::merge) : null;
            });
            model = stage.recovered();
        }
        return model;
    }

    /** What all parts are calibrated on: texts, or what the dense model writes; also notes how wide that model is. */
    private Optional<Calibration> calibration(Optional<Calibration> texts) {
        try (OpenModel open = engine.open(source)) {
            device = open.backend().name();
            List<LayerConfig> layers = open.model().config().layers();
            IntStream.range(0, layers.size())
                    .forEach(i -> widths.add(new Comparison.Widths(
                            i,
                            layers.get(i).heads(),
                            layers.get(i).kvHeads(),
                            layers.get(i).intermediate())));
            return texts.or(() -> new Pruner(settings.prune(), engine).own(open));
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

    private static Void done(Runnable step) {
        step.run();
        return null;
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
