package org.espalier.model;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.espalier.tape.Element;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tape.op.CrossEntropy;
import org.espalier.tape.op.Distillation;
import org.espalier.tape.op.GatherRows;

/** Records the forward passes of a model of any family. T tokens, n of which are selected, V vocabulary. */
public final class Transformer {

    /** What the names of a teacher's leaves begin with where it is recorded beside the model that learns. */
    public static final String TEACHER = "teacher.";

    /** Rows of logits that are there at once where a loss is computed, as far as they have no more than these numbers. */
    private static final int LOSS_ROWS = 1024;

    private static final int LOSS_LOGITS = 1 << 26;

    private final ModelConfig config;
    private final LoraConfig lora;

    /** Records passes without adapters. */
    public Transformer(ModelConfig config) {
        this(config, null);
    }

    /** With adapters beside some projections; {@code lora} may be null. */
    public Transformer(ModelConfig config, LoraConfig lora) {
        this.config = config;
        this.lora = lora;
    }

    /** Of the model whose passes it records. */
    ModelConfig config() {
        return config;
    }

    /**
     * A recorded pass and its ends. What a recording does not have is null.
     *
     * @param tape      the operations
     * @param ids       input {@code [T]}: token ids
     * @param positions input {@code [T]}: position of each token in its sequence
     * @param targets   inputs, together {@code [T]}, or {@code [n]}: the token that should follow each
     * @param rows      input {@code [T]}: where each token's key and value go in the cache
     * @param selected  input {@code [n]}: tokens whose logits or losses are wanted
     * @param finished  the normalised stream after the last layer, {@code [T, C]} or {@code [n, C]}: a result, or an input of
     *                  a head, which is a teacher's where there is one
     * @param logits    result {@code [T, V]}, or {@code [n, V]}
     * @param losses    results, together {@code [T]}, or {@code [n]}
     */
    public record Recording(
            Tape tape,
            Value ids,
            Value positions,
            List<Value> targets,
            Value rows,
            Value selected,
            Value finished,
            Value logits,
            List<Value> losses) {

        /** The same pass on another tape, where every value has another in its place. */
        public Recording on(Tape other, UnaryOperator<Value> place) {
            return new Recording(
                    other,
                    present(ids, place),
                    present(positions, place),
                    targets.stream().map(place).toList(),
                    present(rows, place),
                    present(selected, place),
                    present(finished, place),
                    present(logits, place),
                    losses.stream().map(place).toList());
        }

        private static Value present(Value value, UnaryOperator<Value> place) {
            return value == null ? null : place.apply(value);
        }
    }

    /** Logits of every token of packed sequences. */
    public Recording logits(int tokens) {
        Layers layers = new Layers(tokens, 0);
        return layers.logits(null, layers.stream);
    }

    /** Losses of every token of packed sequences, for scoring and for training. */
    public Recording loss(int tokens) {
        Layers layers = new Layers(tokens, 0);
        return layers.losses(null, layers.stream);
    }

    /**
     * Losses of {@code counted} of the tokens of packed sequences, which are {@code selected}: where only answers count,
     * no logits of prompts are computed.
     */
    public Recording loss(int tokens, int counted) {
        Layers layers = new Layers(tokens, 0);
        Value chosen = layers.selected(counted);
        return layers.losses(chosen, GatherRows.record(layers.tape, layers.stream, chosen));
    }

    /**
     * As {@link #loss(int, int)}, where the divergence from a teacher's predictions counts {@code share}; its states before the
     * head are the input {@link Recording#finished}.
     *
     * @param teacher of as many tokens; the names of its leaves begin with {@link #TEACHER}
     */
    public Recording distilled(int tokens, int counted, ModelConfig teacher, double share) {
        Layers layers = new Layers(tokens, 0);
        Value chosen = layers.selected(counted);
        return layers.distilled(chosen, GatherRows.record(layers.tape, layers.stream, chosen), teacher, share);
    }

    /** Logits of {@code selected} of the new tokens of a sequence whose keys and values are cached. */
    public Recording cached(int tokens, int selected, int capacity) {
        Layers layers = new Layers(tokens, capacity);
        Value chosen = layers.selected(selected);
        return layers.logits(chosen, GatherRows.record(layers.tape, layers.stream, chosen));
    }

    /**
     * Logits of {@code selected} of the new tokens of sequences whose keys and values are cached, and the losses of what
     * should follow these.
     */
    public Recording cachedLoss(int tokens, int selected, int capacity) {
        Layers layers = new Layers(tokens, capacity);
        Value chosen = layers.selected(selected);
        return layers.logitsAndLosses(chosen, GatherRows.record(layers.tape, layers.stream, chosen));
    }

    /** The normalised stream after the last layer, of every token of packed sequences; {@link #head} goes on from it. */
    public Recording stream(int tokens) {
        Layers layers = new Layers(tokens, 0);
        return layers.finished(null, layers.stream);
    }

    /** As above, of {@code counted} of the tokens, which are {@code selected}. */
    public Recording stream(int tokens, int counted) {
        Layers layers = new Layers(tokens, 0);
        Value chosen = layers.selected(counted);
        return layers.finished(chosen, GatherRows.record(layers.tape, layers.stream, chosen));
    }

    /** Logits of so many rows of what {@link #stream} gives, which are the input {@link Recording#finished}. */
    public Recording head(int rows) {
        Pass pass = new Pass(rows, 0, lora);
        Tape tape = pass.tape();
        tape.segment("head");
        Value finished = tape.input("finished", Element.REAL, rows, config.hidden());
        Value logits = Architectures.of(config).decoder(config, pass).logits(finished);
        tape.result(logits);
        return new Recording(tape, null, null, List.of(), null, null, finished, logits, List.of());
    }

    /** A tape of one token, for counting parameters and finding groups. */
    public Tape shape() {
        return loss(1).tape();
    }

    /** Records the losses of some rows, the first of which is number {@code start}. */
    @FunctionalInterface
    private interface Loss {
        Value record(Value logits, Value targets, int start);
    }

    /** The recording of everything up to the last layer. */
    private final class Layers {

        private final Pass pass;
        private final Decoder decoder;
        private final Tape tape;
        private Value stream;

        Layers(int tokens, int capacity) {
            pass = new Pass(tokens, capacity, lora);
            tape = pass.tape();
            decoder = Architectures.of(config).decoder(config, pass);
            tape.segment("embedding");
            stream = decoder.embed(); // [T, C]
            for (int layer = 0; layer < config.layers().size(); layer++) {
                tape.layer(layer);
                stream = decoder.layer(layer, stream);
            }
            tape.segment("head");
        }

        Value selected(int count) {
            return tape.input("selected", Element.INDEX, count);
        }

        Recording finished(Value chosen, Value rows) {
            Value finished = decoder.finish(rows);
            tape.result(finished);
            return new Recording(
                    tape, pass.ids(), pass.positions(), List.of(), null, chosen, finished, null, List.of());
        }

        Recording logits(Value chosen, Value rows) {
            Value logits = decoder.logits(decoder.finish(rows));
            tape.result(logits);
            return recording(chosen, List.of(), null, logits, List.of());
        }

        Recording logitsAndLosses(Value chosen, Value rows) {
            Value logits = decoder.logits(decoder.finish(rows));
            tape.result(logits);
            Value targets = tape.input("targets", Element.INDEX, rows.shape().dim(0));
            Value loss = CrossEntropy.record(tape, logits, targets);
            tape.result(loss);
            return recording(chosen, List.of(targets), null, logits, List.of(loss));
        }

        Recording losses(Value chosen, Value selected) {
            return losses(
                    chosen, selected, null, (logits, targets, start) -> CrossEntropy.record(tape, logits, targets));
        }

        Recording distilled(Value chosen, Value selected, ModelConfig teacher, double share) {
            int rows = selected.shape().extent(0);
            Value states = tape.beside(TEACHER, () -> tape.input("finished", Element.REAL, rows, teacher.hidden()));
            Decoder head = tape.beside(
                    TEACHER, () -> Architectures.of(teacher).decoder(teacher, new Pass(tape, rows, 0, null)));
            return losses(chosen, selected, states, (logits, targets, start) -> {
                Value part = tape.slice(states, start, start + logits.shape().dim(0));
                Value wanted = tape.beside(TEACHER, () -> head.logits(part));
                return Distillation.record(tape, logits, wanted, targets, share);
            });
        }

        private Recording losses(Value chosen, Value selected, Value states, Loss loss) {
            Value finished = decoder.finish(selected);
            List<Value> targets = new ArrayList<>();
            List<Value> losses = new ArrayList<>();
            int rows = finished.shape().extent(0);
            int atOnce = Math.clamp(LOSS_LOGITS / config.vocab(), 1, LOSS_ROWS);
            for (int start = 0; start < rows; start += atOnce) {
                int end = Math.min(rows, start + atOnce);
                tape.segment("loss of rows " + start + " to " + end);
                Value part = tape.input("targets " + start, Element.INDEX, end - start);
                Value ofPart = loss.record(decoder.logits(tape.slice(finished, start, end)), part, start);
                tape.result(ofPart);
                targets.add(part);
                losses.add(ofPart);
            }
            return recording(chosen, targets, states, null, losses);
        }

        private Recording recording(Value chosen, List<Value> targets, Value states, Value logits, List<Value> losses) {
            return new Recording(
                    tape, pass.ids(), pass.positions(), targets, pass.rows(), chosen, states, logits, losses);
        }
    }
}
