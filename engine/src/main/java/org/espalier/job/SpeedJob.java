package org.espalier.job;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.espalier.error.Failure;

/** Measures how fast models read and write, in turns. */
public final class SpeedJob {

    private final Engine engine;
    private final SpeedSettings settings;

    /** Measures the devices of {@code engine}, as {@code settings} say. */
    public SpeedJob(Engine engine, SpeedSettings settings) {
        this.engine = engine;
        this.settings = settings;
    }

    /**
     * Measures. Repetitions of the models take turns; each starts from an empty cache.
     *
     * @param models checkpoint folders or GGUF files, all of which are open at once
     * @return for each model in this order its reading and its writing, as far as they are asked for
     * @throws Failure if a model's context does not hold the tokens
     */
    public List<Speeds> run(List<Path> models) {
        settings.requireSound();
        List<OpenModel> open = new ArrayList<>();
        try (SpeedTurns turns = new SpeedTurns()) {
            for (Path model : models) {
                open.add(engine.open(model));
                add(turns, open.getLast(), model);
            }
            return turns.measure(settings.warmUpSeconds(), settings.repetitions(), "bench", engine.listener());
        } finally {
            open.forEach(OpenModel::close);
        }
    }

    /**
     * Measures what each model takes up, one after the other: nothing else may be open meanwhile.
     *
     * @throws Failure as above
     */
    public List<Footprint> footprints(List<Path> models) {
        settings.requireSound();
        List<Footprint> footprints = new ArrayList<>();
        try (Progress progress = engine.listener().begin("footprint", "models", models.size())) {
            for (Path model : models) {
                requireRoom(ModelHeader.read(model).config().maxPositions(), model);
                footprints.add(Footprint.of(engine, model, settings.prompt(), settings.generate(), settings.seed()));
                progress.advance(1);
            }
        }
        return footprints;
    }

    private void add(SpeedTurns turns, OpenModel open, Path path) {
        requireRoom(open.model().config().maxPositions(), path);
        int prompt = settings.prompt();
        int generate = settings.generate();
        if (prompt > 0) {
            turns.add(path.toString(), "pp" + prompt, Speed.reading(open.model(), prompt, settings.seed()));
        }
        if (generate > 0) {
            turns.add(path.toString(), "tg" + generate, Speed.writing(open.model(), generate, settings.seed()));
        }
    }

    /** Refuses a model whose context does not hold the tokens. */
    void requireRoom(int context, Path path) {
        int prompt = settings.prompt();
        int generate = settings.generate();
        if (Math.max(prompt, generate) > context) {
            throw new Failure(
                    "%d tokens do not fit the model's context of %d".formatted(Math.max(prompt, generate), context),
                    path.toString(),
                    "use a smaller --prompt and --generate");
        }
    }
}
