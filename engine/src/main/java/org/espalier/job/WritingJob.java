package org.espalier.job;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.file.Json;
import org.espalier.file.Output;
import org.espalier.file.WriteFailure;
import org.espalier.text.Tokenizer;

/** Lets a model write many texts by itself, for calibration or training. */
public final class WritingJob {

    /**
     * What was written.
     *
     * @param texts   how many
     * @param tokens  after the beginnings, of all texts
     * @param seconds spent writing
     */
    public record Result(int texts, long tokens, double seconds) {

        /** Tokens written in a second. */
        public double tokensPerSecond() {
            return tokens / seconds;
        }
    }

    /** The line between two texts of a plain file. */
    private static final String SEPARATOR = "<|endoftext|>";

    private final Engine engine;
    private final WritingSettings settings;

    /** Writes on the devices of {@code engine}, as {@code settings} say. */
    public WritingJob(Engine engine, WritingSettings settings) {
        this.engine = engine;
        this.settings = settings;
    }

    /**
     * Writes.
     *
     * @param model   a checkpoint folder or a GGUF file
     * @param adapter folder of a LoRA adapter in PEFT's form
     * @param out     a file whose name ends in {@code .jsonl} gets an object with {@code text} a line; any other is plain, with
     *                a line of {@code <|endoftext|>} between two texts
     * @throws org.espalier.error.Failure if a beginning has no tokens or leaves no room in the context, the model gives no
     *     finite numbers, or the file cannot be written
     */
    public Result run(Path model, Optional<Path> adapter, Destination out) {
        settings.requireSound();
        out.requireFree(Stream.of(Stream.of(model), adapter.stream(), settings.prefixes().stream())
                .flatMap(inputs -> inputs)
                .toList());
        try (Output target = Output.file(out.path(), out.replace());
                Tokenizer tokenizer = Tokenizer.open(model);
                OpenModel open = engine.open(model, adapter)) {
            List<int[]> beginnings = beginnings(tokenizer);
            WrittenTexts texts = new WrittenTexts(
                    open, tokenizer, settings, engine.listener(), Shared.of(engine, ModelPlace.of(model, adapter)));
            long start = System.nanoTime();
            try (BufferedWriter writer = Files.newBufferedWriter(target.path())) {
                boolean lines = out.path().toString().endsWith(".jsonl");
                texts.write(beginnings, text -> append(writer, lines ? line(text) : text + "\n" + SEPARATOR + "\n"));
            } catch (UncheckedIOException e) {
                throw e.getCause();
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            target.commit();
            return new Result(beginnings.size(), (long) beginnings.size() * settings.maxTokens(), seconds);
        } catch (IOException e) {
            throw WriteFailure.of(e, out.path());
        }
    }

    private List<int[]> beginnings(Tokenizer tokenizer) {
        if (settings.prefixes().isEmpty()) {
            return new RandomBeginnings(tokenizer).first(settings.texts().orElseThrow(), settings.seed());
        }
        List<int[]> given = PromptFile.read(settings.prefixes().get()).stream()
                .map(prefix -> tokenizer.encode(prefix, true))
                .toList();
        return IntStream.range(0, settings.texts().orElse(given.size()))
                .mapToObj(i -> given.get(i % given.size()))
                .toList();
    }

    private static String line(String text) {
        return Json.object().put("text", text) + "\n";
    }

    private static void append(BufferedWriter writer, String text) {
        try {
            writer.write(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
