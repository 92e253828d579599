package org.espalier.job;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.espalier.file.WriteFailure;

/** Texts that a teacher writes to be learned from where none are given, in a file that is gone when this is closed. */
final class OwnTexts implements AutoCloseable {

    /** The file's name. */
    static final String NAME = "texts.jsonl";
    /** Tokens trained on where no number is given. */
    private static final int USUAL_TOKENS = 65_536;

    private final Path folder;

    private OwnTexts(Path folder) {
        this.folder = folder;
    }

    /** Has a teacher write them into a temporary folder. */
    static OwnTexts temporary(Engine engine, TuneSettings settings) {
        Path place = Path.of(System.getProperty("java.io.tmpdir"));
        try {
            OwnTexts texts = new OwnTexts(Files.createTempDirectory(place, "espalier-texts"));
            try {
                write(engine, settings, texts.file());
                return texts;
            } catch (RuntimeException | Error e) {
                texts.close();
                throw e;
            }
        } catch (IOException e) {
            throw WriteFailure.of(e, place);
        }
    }

    /** Has the teacher of a training write them into a file: as many tokens as are trained on, and a tenth more to hold out. */
    static void write(Engine engine, TuneSettings settings, Path file) {
        long tokens = settings.maxTokens().orElse(USUAL_TOKENS);
        int length = settings.cutoff();
        WritingSettings writing = WritingSettings.defaults()
                .texts(Math.toIntExact(Math.ceilDiv(tokens + tokens / 10, length)))
                .maxTokens(length)
                .seed(settings.seed());
        engine.listener()
                .note("no --data: the teacher writes %,d texts of %,d tokens to be learned from (seed %d)"
                        .formatted(writing.texts().orElseThrow(), length, settings.seed()));
        new WritingJob(engine, writing).run(settings.teacher().orElseThrow(), Optional.empty(), Destination.at(file));
    }

    /** Where they are. */
    Path file() {
        return folder.resolve(NAME);
    }

    @Override
    public void close() {
        try {
            Files.deleteIfExists(file());
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            throw WriteFailure.of(e, folder);
        }
    }
}
