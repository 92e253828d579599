package org.espalier.job;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.espalier.error.Failure;
import org.espalier.file.Output;
import org.espalier.file.Sha256;
import org.espalier.format.PeftAdapter;
import org.espalier.report.Comparison;
import org.espalier.report.TrainingFile;
import org.espalier.text.ChatTemplate;
import org.espalier.text.Tokenizer;
import org.espalier.tune.BrokenRecords;
import org.espalier.tune.Encoder;
import org.espalier.tune.ExampleFile;
import org.espalier.tune.Examples;
import org.espalier.tune.LoraSettings;
import org.espalier.tune.LoraTraining;
import org.espalier.tune.OptimizerFile;
import org.espalier.tune.Trainer;
import org.espalier.tune.TrainingData;

/** Trains an adapter and leaves it in a folder, with how that went. */
final class Recovery {

    private final TuneSettings settings;
    private final Path place;
    private final Listener listener;

    /** @param place of the finished adapter, where an unfinished one is left and gone on with if the settings say so */
    Recovery(TuneSettings settings, Path place, Listener listener) {
        this.settings = settings;
        this.place = place;
        this.listener = listener;
    }

    /** Draws the samples as the model at {@code model} reads them. */
    TrainingData samples(Path model) {
        try (Tokenizer tokenizer = Tokenizer.open(model)) {
            Path texts = settings.texts();
            Supplier<ChatTemplate> template = () -> ChatTemplate.of(tokenizer, model);
            BrokenRecords broken = settings.skipBroken() ? BrokenRecords.skipped() : BrokenRecords.refused();
            Examples examples = settings.formatIsSet()
                    ? ExampleFile.read(texts, settings.format(), template, broken)
                    : ExampleFile.read(texts, template, broken);
            return TrainingData.draw(
                    examples,
                    new Encoder(tokenizer, settings.cutoff(), settings.teacher().isPresent()),
                    settings.maxSamples(),
                    settings.heldOut(),
                    settings.seed(),
                    texts.toString());
        }
    }

    /**
     * Trains.
     *
     * @param model  that the adapter's files name
     * @param folder that exists and gets the adapter and the record
     * @return what came of it; the caller closes its adapter
     */
    LoraTraining.Result writeInto(Path folder, String model, OpenModel open, TrainingData samples) throws IOException {
        try (OpenTeacher teacher = teacher(open)) {
            Optional<OpenTeacher> taught = Optional.ofNullable(teacher);
            LoraSettings numbers = settings.training();
            LoraTraining training = new LoraTraining(open.model(), taught.map(OpenTeacher::teacher), samples, numbers);
            Files files = new Files(open, numbers, origin(model, open, taught, samples, numbers, training.steps()));
            if (settings.resume()) {
                resume(files.origin, training);
            }
            return finished(train(training, files), files, folder);
        }
    }

    /** The model that is learned from, or null. */
    private OpenTeacher teacher(OpenModel open) {
        return settings.teacher()
                .map(path -> OpenTeacher.open(path, settings.distilWeight(), open.backend()))
                .orElse(null);
    }

    private static LoraTraining.Result finished(LoraTraining.Result result, Files files, Path folder)
            throws IOException {
        try {
            files.write(folder, result);
            return result;
        } catch (IOException | RuntimeException | Error e) {
            result.adapter().close();
            throw e;
        }
    }

    private TrainingFile.Origin origin(
            String model,
            OpenModel open,
            Optional<OpenTeacher> teacher,
            TrainingData samples,
            LoraSettings numbers,
            int steps) {
        Path texts = settings.texts();
        return new TrainingFile.Origin(
                model,
                TrainingFile.Data.of(
                        texts.getFileName(),
                        Sha256.ofFile(texts),
                        settings.format().toString(),
                        samples),
                TrainingFile.Settings.of(settings.recipe().name(), numbers, steps, settings.cutoff()),
                teacher.map(OpenTeacher::record).orElse(null),
                new TrainingFile.Hashes(
                        Sha256.ofSamples(
                                open.checkpoint().config().toString(),
                                open.checkpoint().weightFiles()),
                        samples.sha256(),
                        null,
                        null));
    }

    /** What stands in an adapter's folder. */
    private record Files(OpenModel open, LoraSettings settings, TrainingFile.Origin origin) {

        void write(Path folder, LoraTraining.Result result) throws IOException {
            result.adapter().writeInto(folder, open.backend(), origin.model());
            record(folder, result, origin.hashes());
        }

        /** As above, with all that it takes to go on; the record is of the very files beside it. */
        void write(Path folder, LoraTraining.Halfway now) throws IOException {
            now.result().adapter().writeInto(folder, open.backend(), origin.model());
            now.writeOptimizer(folder);
            record(
                    folder,
                    now.result(),
                    origin.hashes()
                            .left(
                                    Sha256.ofFile(folder.resolve(PeftAdapter.WEIGHTS)),
                                    Sha256.ofFile(folder.resolve(OptimizerFile.NAME))));
        }

        private void record(Path folder, LoraTraining.Result result, TrainingFile.Hashes hashes) throws IOException {
            new TrainingFile(
                            origin.with(hashes),
                            TrainingFile.training(
                                    result, settings, origin.data().samples()))
                    .writeInto(folder);
        }
    }

    /**
     * Makes a training go on from what was left at the adapter's place.
     *
     * @throws Failure if nothing was left there, or it belongs to another training
     */
    private void resume(TrainingFile.Origin origin, LoraTraining training) {
        if (!OptimizerFile.isIn(place)) {
            throw new Failure(
                    "no unfinished training to resume",
                    place.toString(),
                    "start it without --resume, with --save-every to be able to go on later");
        }
        TrainingFile left = TrainingFile.read(place);
        requireSame(origin, left);
        SequencedMap<Integer, Double> heldOut = new TreeMap<>();
        left.training().evalLosses().forEach(p -> heldOut.put(p.step(), p.loss()));
        training.resume(
                place,
                left.training().losses().stream().map(Comparison.Point::loss).toList(),
                heldOut,
                left.training().seconds());
    }

    private void requireSame(TrainingFile.Origin origin, TrainingFile left) {
        if (left.hashes() == null
                || left.hashes().optimizer() == null
                || left.training().seconds() == null) {
            throw refusal(
                    "the training there was begun by an earlier version, or its record is not of an unfinished one",
                    "start it again without --resume");
        }
        difference(origin, left).ifPresent(other -> {
            throw refusal(
                    "the training there was begun with " + other, "repeat the command that began it, with --resume");
        });
        TrainingFile.Hashes present = left.hashes()
                .left(
                        Sha256.ofFile(place.resolve(PeftAdapter.WEIGHTS)),
                        Sha256.ofFile(place.resolve(OptimizerFile.NAME)));
        if (!present.equals(left.hashes())) {
            throw refusal(
                    "the adapter or the optimizer beside it is not the one that was left with it",
                    "put the files back that were left together, or start again without --resume");
        }
    }

    private static Optional<String> difference(TrainingFile.Origin origin, TrainingFile left) {
        if (!origin.hashes().model().equals(left.hashes().model())) {
            return Optional.of("another model or other weights");
        }
        if (!origin.hashes().samples().equals(left.hashes().samples())) {
            return Optional.of("other texts");
        }
        if (!origin.taughtAs(left)) {
            return Optional.of("another teacher, or another weight of it");
        }
        return origin.settings().equals(left.settings()) ? Optional.empty() : Optional.of("other settings");
    }

    private Failure refusal(String problem, String advice) {
        return new Failure(problem, place.resolve(TrainingFile.NAME).toString(), advice);
    }

    private LoraTraining.Result train(LoraTraining training, Files files) {
        try (Progress progress = listener.begin("training", "tokens", training.totalTokens())) {
            return training.train(new LoraTraining.Listener() {
                @Override
                public void advanced(int tokens) {
                    progress.advance(tokens);
                }

                @Override
                public void updated(int step, int steps, Trainer.StepResult done) {
                    listener.detail("step %d of %d: loss %.4f, gradient norm %.3f"
                            .formatted(step, steps, done.loss(), done.gradientNorm()));
                }

                @Override
                public void evaluated(int step, double loss) {
                    listener.detail("held-out loss after %d steps: %.4f".formatted(step, loss));
                }

                @Override
                public void reached(LoraTraining.Halfway now) {
                    if (settings.savesAfter(now.result().steps())) {
                        save(now, files);
                    }
                }
            });
        }
    }

    private void save(LoraTraining.Halfway now, Files files) {
        Output.writeFolder(place, true, folder -> {
            files.write(folder, now);
        });
    }
}
