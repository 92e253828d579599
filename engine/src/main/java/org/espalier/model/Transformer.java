package org.espalier.model;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.espalier.tape.Element;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tape.op.CrossEntropy;
import org.espalier.tape.op.GatherRows;

/** Records the forward passes of a model of any family. T tokens, n of which are selected, V vocabulary. */
public final class Transformer {

    /** Rows of logits that are there at once where a loss is computed: bounds memory for large vocabularies. */
    private static final int LOSS_ROWS = 1024;

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

    /**
     * A recorded pass and its ends. What a recording does not have is null.
     *
     * @param tape      the operations
     * @param ids       input {@code [T]}: token ids
     * @param positions input {@code [T]}: position of each token in its sequence
     * @param targets   inputs, together {@code [T]}, or {@code [n]}: the token that should follow each
     * @param rows      input {@code [T]}: where each token's key and value go in the cache
     * @param selected  input {@code [n]}: tokens whose logits or losses are wanted
     * @param finished  the normalised stream after the last layer, {@code [T, C]}: a result, or an input of a head
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
        return layers.finished();
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

        Recording finished() {
            Value finished = decoder.finish(stream);
            tape.result(finished);
            return new Recording(tape, pass.ids(), pass.positions(), List.of(), null, null, finished, null, List.of());
        }

        Recording logits(Value chosen, Value rows) {
            Value logits = decoder.logits(decoder.finish(rows));
            tape.result(logits);
            return recording(chosen, List.of(), logits, List.of());
        }

        Recording logitsAndLosses(Value chosen, Value rows) {
            Value logits = decoder.logits(decoder.finish(rows));
            tape.result(logits);
            Value targets = tape.input("targets", Element.INDEX, rows.shape().dim(0));
            Value loss = CrossEntropy.record(tape, logits, targets);
            tape.result(loss);
            return recording(chosen, List.of(targets), logits, List.of(loss));
        }

        Recording losses(Value chosen, Value selected) {
            Value finished = decoder.finish(selected);
            List<Value> targets = new ArrayList<>();
            List<Value> losses = new ArrayList<>();
            int rows = finished.shape().extent(0);
            for (int start = 0; start < rows; start += LOSS_ROWS) {
                int end = Math.min(rows, start + LOSS_ROWS);
                tape.segment("loss of rows " + start + " to " + end);
                Value part = tape.input("targets " + start, Element.INDEX, end - start);
                Value loss = CrossEntropy.record(tape, decoder.logits(tape.slice(finished, start, end)), part);
                tape.result(loss);
                targets.add(part);
                losses.add(loss);
            }
            return recording(chosen, targets, null, losses);
        }

        private Recording recording(Value chosen, List<Value> targets, Value logits, List<Value> losses) {
            return new Recording(
                    tape, pass.ids(), pass.positions(), targets, pass.rows(), chosen, null, logits, losses);
        }
    }
}
