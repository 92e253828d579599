package org.espalier.job;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.espalier.backend.OwnMemory;
import org.espalier.error.Failure;
import org.espalier.file.Closing;
import org.espalier.file.Output;
import org.espalier.file.Sha256;
import org.espalier.format.PeftAdapter;
import org.espalier.model.Adapter;
import org.espalier.model.Model;
import org.espalier.report.AdapterSizes;
import org.espalier.report.MetricsFile;
import org.espalier.report.TrainingFile;
import org.espalier.text.ChatTemplate;
import org.espalier.text.Tokenizer;
import org.espalier.tune.BrokenRecords;
import org.espalier.tune.Encoder;
import org.espalier.tune.ExampleFile;
import org.espalier.tune.Examples;
import org.espalier.tune.Learned;
import org.espalier.tune.LearnedAdapter;
import org.espalier.tune.LearnedWeights;
import org.espalier.tune.Mixture;
import org.espalier.tune.OptimizerFile;
import org.espalier.tune.TrainingData;
import org.espalier.tune.Tuning;
import org.espalier.tune.TuningSettings;

/** Trains a model back and leaves what it learned in a folder, with how that went. */
final class Recovery {

    private final TuneSettings settings;
    private final Path place;
    private final Engine engine;
    private final Listener listener;

    /** @param place of what is finished, where what is not is left and gone on with if the settings say so */
    Recovery(TuneSettings settings, Path place, Engine engine) {
        this.settings = settings;
        this.place = place;
        this.engine = engine;
        this.listener = engine.listener();
    }

    /** Draws the samples as the model at {@code model} reads them; they are made anew whenever they are learned from. */
    TrainingData samples(Path model) {
        List<Runnable> opened = new ArrayList<>();
        try {
            Tokenizer tokenizer = Tokenizer.open(model);
            opened.add(tokenizer::close);
            List<Mixture.Source> sources = new ArrayList<>();
            for (DataFile file : settings.data()) {
                sources.add(source(file, () -> ChatTemplate.of(tokenizer, model)));
                opened.add(sources.getLast().examples()::close);
            }
            TrainingData samples = Mixture.draw(
                            sources,
                            new Encoder(
                                    tokenizer,
                                    settings.cutoff(),
                                    settings.teacher().isPresent()),
                            settings.limits(),
                            settings.seed())
                    .owning(opened);
            return settings.pack() ? samples.packedInto(settings.cutoff()) : samples;
        } catch (RuntimeException | Error e) {
            Closing.all(opened);
            throw e;
        }
    }

    private Mixture.Source source(DataFile file, Supplier<ChatTemplate> template) {
        BrokenRecords broken = settings.skipBroken() ? BrokenRecords.skipped() : BrokenRecords.refused();
        Examples examples = settings.formatIsSet()
                ? ExampleFile.read(file.path(), settings.format(file.path()), settings.fields(), template, broken)
                : ExampleFile.read(file.path(), settings.fields(), template, broken);
        return new Mixture.Source(examples, settings.share(file), file.path().toString());
    }

    /**
     * What came of a training.
     *
     * @param result     losses and speed
     * @param parameters that were trained
     */
    record Trained(Tuning.Result result, long parameters) {}

    /**
     * Trains.
     *
     * @param model  that the files name
     * @param folder that exists and gets what was learned, and the record
     */
    Trained writeInto(Path folder, String model, OpenModel open, TrainingData samples) throws IOException {
        try (Learned learned = learned(open);
                OpenTeacher teacher = teacher(open)) {
            Optional<OpenTeacher> taught = Optional.ofNullable(teacher);
            TuningSettings numbers = settings.training(activationBytes(open));
            Tuning tuning = new Tuning(learned, taught.map(OpenTeacher::teacher), samples, numbers);
            Files files = new Files(
                    new LearnedFiles(learned, open, model, settings.dtype()),
                    numbers,
                    origin(model, open, learned, taught, samples, numbers, tuning.steps()));
            if (settings.resume()) {
                Unfinished left = Unfinished.at(place);
                left.requireSame(files.origin(), () -> files.left(place));
                learned.load(place);
                tuning.resume(place, left.history());
            }
            Tuning.Result result = train(tuning, files);
            if (result.keptStep() != result.steps()) {
                listener.note(kept(result));
            }
            files.write(folder, result);
            return new Trained(result, learned.parameters());
        }
    }

    /** What activations may take of the host's memory; what a device has of its own is asked when the model is there. */
    private static long activationBytes(OpenModel open) {
        return open.backend().ownMemory().isPresent() ? Long.MAX_VALUE : Machine.memoryAvailable() / 2;
    }

    private static String kept(Tuning.Result result) {
        return result.keptStep() == 0
                ? "kept what was there before training: the held-out loss never fell below that"
                : "kept what was learned after %d of %d steps: the held-out loss was lowest there"
                        .formatted(result.keptStep(), result.steps());
    }

    private Learned learned(OpenModel open) {
        if (!settings.full()) {
            return adapters(open.model());
        }
        long needed = LearnedWeights.bytes(open.parameters());
        long free = open.backend().ownMemory().map(OwnMemory::free).orElseGet(Machine::memoryAvailable);
        if (needed > free) {
            throw new Failure(
                    "training all weights takes %s of memory and more for activations, %s are free"
                            .formatted(Machine.size(needed), Machine.size(free)),
                    open.path().toString(),
                    "train adapters: leave --full out");
        }
        return new LearnedWeights(open.model());
    }

    private LearnedAdapter adapters(Model model) {
        if (settings.start().isEmpty()) {
            return new LearnedAdapter(model, settings.lora(model.config()), settings.seed());
        }
        try (PeftAdapter start = PeftAdapter.open(settings.start().get(), Adapter.experts(model.config()))) {
            return LearnedAdapter.from(model, settings.lora(model.config(), start), start, settings.seed());
        }
    }

    private AdapterSizes record(Learned learned) {
        return switch (learned) {
            case LearnedWeights _ -> AdapterSizes.NONE;
            case LearnedAdapter adapter ->
                AdapterSizes.of(
                        adapter.config(),
                        settings.targets().isEmpty() ? null : settings.targets(),
                        settings.start().map(PeftAdapter::sha256).orElse(null));
        };
    }

    /** The model that is learned from, or null. */
    private OpenTeacher teacher(OpenModel open) {
        return settings.teacher()
                .map(path -> OpenTeacher.open(path, settings.distilWeight(), open))
                .orElse(null);
    }

    private TrainingFile.Origin origin(
            String model,
            OpenModel open,
            Learned learned,
            Optional<OpenTeacher> teacher,
            TrainingData samples,
            TuningSettings numbers,
            int steps) {
        return new TrainingFile.Origin(
                model,
                TrainingFile.Data.of(sources(samples, numbers), samples),
                TrainingFile.Settings.of(
                        settings.recipe().name(),
                        record(learned),
                        numbers,
                        steps,
                        TrainingFile.Batches.of(numbers, samples, settings.cutoff()),
                        settings.dtype()),
                teacher.map(OpenTeacher::record).orElse(null),
                engine.computer(open.backend()),
                new TrainingFile.Hashes(
                        Sha256.ofSamples(
                                open.checkpoint().config().toString(),
                                open.checkpoint().weightFiles()),
                        samples.sha256(),
                        null,
                        null,
                        null));
    }

    /** The files, and what each gives. */
    private List<TrainingFile.Source> sources(TrainingData samples, TuningSettings numbers) {
        List<TrainingFile.Source> sources = new ArrayList<>();
        for (TrainingData.Given given : samples.given(numbers)) {
            DataFile file = settings.data().get(sources.size());
            sources.add(new TrainingFile.Source(
                    file.path().getFileName().toString(),
                    Sha256.ofFile(file.path()),
                    settings.format(file.path()).toString(),
                    settings.share(file),
                    given.samples(),
                    given.tokens()));
        }
        return sources;
    }

    /** What stands in the folder of a training. */
    private record Files(LearnedFiles learned, TuningSettings settings, TrainingFile.Origin origin) {

        void write(Path folder, Tuning.Result result) throws IOException {
            learned.writeInto(folder, true);
            MetricsFile.writeInto(folder, result.history());
            record(folder, result, origin.hashes());
        }

        /** As above, with all that it takes to go on; the record is of the very files beside it. */
        void write(Path folder, Tuning.Halfway now) throws IOException {
            learned.writeInto(folder, false);
            now.writeOptimizer(folder);
            MetricsFile.writeInto(folder, now.result().history());
            record(folder, now.result(), left(folder));
        }

        /** Bytes of the model as it was. */
        long weights() {
            return learned.modelBytes();
        }

        /** The hashes, with those of what was left in a folder. */
        TrainingFile.Hashes left(Path folder) {
            return origin.hashes()
                    .left(
                            Sha256.ofFile(folder.resolve(learned.weights())),
                            Sha256.ofFile(folder.resolve(OptimizerFile.NAME)),
                            Sha256.ofFile(folder.resolve(MetricsFile.NAME)));
        }

        private void record(Path folder, Tuning.Result result, TrainingFile.Hashes hashes) throws IOException {
            new TrainingFile(
                            origin.with(hashes),
                            TrainingFile.training(
                                    result, settings, origin.data().samples()))
                    .writeInto(folder);
        }
    }

    private Tuning.Result train(Tuning training, Files files) {
        try (TrainingWatch watch = TrainingWatch.begin(listener, "training", training.totalTokens(), files.weights())) {
            return training.train(watch.saving(now -> {
                if (settings.savesAfter(now.result().steps())) {
                    save(now, files);
                }
            }));
        }
    }

    private void save(Tuning.Halfway now, Files files) {
        Output.writeFolder(place, true, folder -> {
            files.write(folder, now);
        });
    }
}
