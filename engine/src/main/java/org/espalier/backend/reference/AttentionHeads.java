package org.espalier.backend.reference;

import org.espalier.backend.AttentionForm;
import org.espalier.backend.AttentionInput;
import org.espalier.backend.Sequences;

/** Queries, keys and values in float64, where each head's numbers begin, and who sees whom. */
final class AttentionHeads {

    final double[] query;
    final double[] key;
    final double[] value;
    final int headDim;
    final int valueDim;
    private final int heads;
    private final int kvHeads;
    private final AttentionForm form;
    /** Of each query head. */
    private final double[] slopes;

    AttentionHeads(AttentionInput in) {
        this.query = Numbers.read(in.query());
        this.key = Numbers.read(in.key());
        this.value = Numbers.read(in.value());
        this.headDim = in.headDim();
        this.valueDim = in.valueDim();
        this.heads = in.heads();
        this.kvHeads = in.kvHeads();
        this.form = in.form();
        this.slopes = in.slopes() == null ? new double[heads] : Numbers.read(in.slopes());
    }

    /** One query token and head, and the keys it sees, the last of which is its own. */
    interface Visitor {
        void visit(int token, int head, int firstKey, int keys);
    }

    void forEach(Sequences sequences, Visitor visitor) {
        for (int s = 0; s < sequences.count(); s++) {
            int queries = sequences.queries(s);
            for (int i = 0; i < queries; i++) {
                int visible = sequences.keyCount()[s] - queries + i + 1;
                int first = form.first(visible);
                for (int h = 0; h < heads; h++) {
                    visitor.visit(sequences.queryStart()[s] + i, h, sequences.keyStart()[s] + first, visible - first);
                }
            }
        }
    }

    /** The scores of {@code query[t, h]} and {@code key[firstKey + s, g]} for every {@code s} below {@code keys}. */
    double[] scores(int t, int h, int firstKey, int keys) {
        double[] scores = new double[keys];
        for (int s = 0; s < keys; s++) {
            double score = bounded(t, h, firstKey + s);
            scores[s] = score + slopes[h] * (s + 1 - keys);
        }
        return scores;
    }

    /** The derivative of a score by the product of query and key. */
    double scoreSlope(int t, int h, int keyRow) {
        double part = form.cap() == 0 ? 0 : bounded(t, h, keyRow) / form.cap();
        return form.scale() * (1 - part * part);
    }

    private double bounded(int t, int h, int keyRow) {
        double product = 0;
        for (int d = 0; d < headDim; d++) {
            product += query[queryAt(t, h) + d] * key[keyAt(keyRow, h) + d];
        }
        double score = form.scale() * product;
        return form.cap() == 0 ? score : form.cap() * Math.tanh(score / form.cap());
    }

    int row(int t, int h) {
        return t * heads + h;
    }

    int queryAt(int t, int h) {
        return row(t, h) * headDim;
    }

    int outAt(int t, int h) {
        return row(t, h) * valueDim;
    }

    int keyAt(int row, int h) {
        return (row * kvHeads + group(h)) * headDim;
    }

    int valueAt(int row, int h) {
        return (row * kvHeads + group(h)) * valueDim;
    }

    private int group(int h) {
        return h / (heads / kvHeads);
    }
}
