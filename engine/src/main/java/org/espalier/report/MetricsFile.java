package org.espalier.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import org.espalier.error.Failure;
import org.espalier.tune.History;
import org.espalier.tune.Look;
import org.espalier.tune.Update;

/** {@code metrics.jsonl}, beside {@code training.json}: a line an update and a line a look at held-out samples, in order. */
public final class MetricsFile {

    /** The name of the file in the folder of a training. */
    public static final String NAME = "metrics.jsonl";

    private static final String STEP = "step";
    private static final String TOKENS = "tokens";
    private static final String LOSS = "loss";
    private static final String RATE = "learning_rate";
    private static final String NORM = "gradient_norm";
    private static final String SECONDS = "seconds";
    private static final String SPEED = "tokens_per_second";
    private static final String HELD_OUT = "eval_loss";
    private static final String DIVERGENCE = "eval_divergence";
    private static final String CROSS_ENTROPY = "eval_cross_entropy";

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private MetricsFile() {}

    /** Writes the file into a folder that is itself written aside. */
    public static void writeInto(Path folder, History history) throws IOException {
        List<String> lines = new ArrayList<>();
        int looks = 0;
        long tokens = 0;
        for (int step = 0; step <= history.updates().size(); step++) {
            if (step > 0) {
                Update update = history.updates().get(step - 1);
                lines.add(MAPPER.writeValueAsString(line(update, update.tokens() - tokens)));
                tokens = update.tokens();
            }
            if (looks < history.looks().size() && history.looks().get(looks).step() == step) {
                lines.add(MAPPER.writeValueAsString(line(history.looks().get(looks++))));
            }
        }
        Files.write(folder.resolve(NAME), lines);
    }

    private static ObjectNode line(Update update, long tokens) {
        return MAPPER.createObjectNode()
                .put(STEP, update.step())
                .put(TOKENS, update.tokens())
                .put(LOSS, update.loss())
                .put(RATE, update.rate())
                .put(NORM, update.gradientNorm())
                .put(SECONDS, update.seconds())
                .put(SPEED, tokens / update.seconds());
    }

    private static ObjectNode line(Look look) {
        ObjectNode line = MAPPER.createObjectNode().put(STEP, look.step()).put(HELD_OUT, look.loss());
        look.divergence().ifPresent(d -> line.put(DIVERGENCE, d));
        look.crossEntropy().ifPresent(c -> line.put(CROSS_ENTROPY, c));
        return line;
    }

    /**
     * Reads the file in a training's folder.
     *
     * @throws Failure if it is missing, or not as it was written
     */
    public static History read(Path folder) {
        Path file = folder.resolve(NAME);
        List<Update> updates = new ArrayList<>();
        List<Look> looks = new ArrayList<>();
        int number = 0;
        try {
            for (String line : Files.readAllLines(file)) {
                number++;
                add(MAPPER.readTree(line), updates, looks);
            }
        } catch (IOException | IllegalArgumentException e) {
            throw new Failure(
                    "the record of updates cannot be read",
                    file + (number == 0 ? "" : ", line " + number),
                    "start the training again without --resume");
        }
        return new History(updates, looks);
    }

    private static void add(JsonNode line, List<Update> updates, List<Look> looks) {
        int step = line.required(STEP).intValue();
        if (line.has(HELD_OUT)) {
            looks.add(new Look(
                    step, line.get(HELD_OUT).doubleValue(), number(line, DIVERGENCE), number(line, CROSS_ENTROPY)));
        } else {
            updates.add(new Update(
                    step,
                    line.required(TOKENS).longValue(),
                    line.required(LOSS).doubleValue(),
                    line.required(RATE).doubleValue(),
                    line.required(NORM).doubleValue(),
                    line.required(SECONDS).doubleValue()));
        }
        if (step != updates.size()) {
            throw new IllegalArgumentException("step " + step + " after " + updates.size() + " updates");
        }
    }

    private static OptionalDouble number(JsonNode line, String key) {
        return line.has(key) ? OptionalDouble.of(line.get(key).doubleValue()) : OptionalDouble.empty();
    }
}
