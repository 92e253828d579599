package org.espalier.model;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.espalier.backend.LossOps;
import org.espalier.backend.Sequences;
import org.espalier.model.Transformer.Recording;
import org.espalier.tape.Executor;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;

/**
 * Sequences laid end to end without padding, each with positions from 0.
 *
 * @param ids       token ids, {@code [tokens]}
 * @param positions of each token in its sequence
 * @param targets   the token that should follow each, or {@link LossOps#IGNORED}
 * @param sequences bounds
 * @param places    what some families ask for beside positions; null before a model has read them
 */
public record Packed(int[] ids, int[] positions, int[] targets, Sequences sequences, Places places) {

    /** Every token of each sequence is to predict the next; the last predicts nothing. */
    public static Packed of(List<int[]> sequences) {
        return of(sequences, sequences.stream().map(Packed::shifted).toList());
    }

    /** As {@link #of(List)}, with the target of each token given. */
    public static Packed of(List<int[]> sequences, List<int[]> targets) {
        int[] lengths = sequences.stream().mapToInt(s -> s.length).toArray();
        int total = Arrays.stream(lengths).sum();
        int[] ids = new int[total];
        int[] positions = new int[total];
        int[] wanted = new int[total];
        int at = 0;
        for (int s = 0; s < lengths.length; s++) {
            System.arraycopy(sequences.get(s), 0, ids, at, lengths[s]);
            System.arraycopy(targets.get(s), 0, wanted, at, lengths[s]);
            for (int i = 0; i < lengths[s]; i++) {
                positions[at + i] = i;
            }
            at += lengths[s];
        }
        return new Packed(ids, positions, wanted, Sequences.packed(lengths), null);
    }

    /**
     * The same as a model of this configuration reads it. Tokens of a prompt that is read as a whole see what follows them, so
     * that they predict nothing.
     */
    public Packed readBy(ModelConfig config) {
        if (places != null || !Places.matter(config)) {
            return this;
        }
        Sequences.Builder cut = new Sequences.Builder();
        Places read = new Places(config, tokens());
        int[] predicted = targets.clone();
        for (int s = 0; s < sequences.count(); s++) {
            int start = sequences.queryStart()[s];
            int length = sequences.queries(s);
            Opening opening = config.opening(Arrays.copyOfRange(ids, start, start + length));
            read.add(opening, 0, length, length);
            cut.add(start, 0, length, opening.prompt());
            Arrays.fill(predicted, start, start + Math.max(0, opening.prompt() - 1), LossOps.IGNORED);
        }
        return new Packed(ids, positions, predicted, cut.build(), read);
    }

    /** Texts without their last tokens, which are only asked about; only the tokens of their ends are. */
    static Packed ends(List<Continuation> texts) {
        return of(
                texts.stream()
                        .map(text -> Arrays.copyOf(text.ids(), text.read()))
                        .toList(),
                texts.stream().map(Packed::wanted).toList());
    }

    private static int[] wanted(Continuation text) {
        int[] targets = Arrays.copyOfRange(text.ids(), 1, text.ids().length);
        Arrays.fill(targets, 0, text.first() - 1, LossOps.IGNORED);
        return targets;
    }

    /** Tokens of all sequences together. */
    public int tokens() {
        return ids.length;
    }

    /** Tokens whose loss counts. */
    public int counted() {
        return (int) Arrays.stream(targets).filter(t -> t != LossOps.IGNORED).count();
    }

    /** Whether a recording's inputs have room for these numbers, no more and no less. */
    public boolean fits(Recording recording) {
        return recording.ids().shape().dim(0) == tokens()
                && (recording.selected() == null || recording.selected().shape().dim(0) == counted());
    }

    /** Gives a recording's inputs these numbers. */
    public void feed(Executor executor, Recording recording) {
        inputs(recording).forEach(executor::set);
    }

    /** These numbers as a recording's inputs take them. */
    public Map<Value, int[]> inputs(Recording recording) {
        Map<Value, int[]> inputs = new LinkedHashMap<>();
        inputs.put(recording.ids(), ids);
        inputs.put(recording.positions(), positions);
        inputs.putAll(further(recording.tape()));
        int[] wanted = targets;
        if (recording.selected() != null) {
            int[] rows = IntStream.range(0, tokens())
                    .filter(i -> targets[i] != LossOps.IGNORED)
                    .toArray();
            inputs.put(recording.selected(), rows);
            wanted = IntStream.of(rows).map(i -> targets[i]).toArray();
        }
        int start = 0;
        for (Value part : recording.targets()) {
            int end = start + part.shape().extent(0);
            inputs.put(part, Arrays.copyOfRange(wanted, start, end));
            start = end;
        }
        return inputs;
    }

    /** What a pass asks for beside ids and positions. */
    Map<Value, int[]> further(Tape tape) {
        return places == null ? Map.of() : places.inputs(tape);
    }

    private static int[] shifted(int[] ids) {
        int[] targets = new int[ids.length];
        Arrays.fill(targets, LossOps.IGNORED);
        System.arraycopy(ids, 1, targets, 0, Math.max(0, ids.length - 1));
        return targets;
    }
}
