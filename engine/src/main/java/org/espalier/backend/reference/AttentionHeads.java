package org.espalier.backend.reference;

import org.espalier.backend.Sequences;
import org.espalier.tensor.Tensor;

/** Queries, keys and values in float64, where each head's numbers begin, and who sees whom. */
final class AttentionHeads {

    final double[] query;
    final double[] key;
    final double[] value;
    final int headDim;
    final int valueDim;
    private final int heads;
    private final int kvHeads;
    private final double scale;

    /**
     * @param query {@code [tokens, heads, headDim]}
     * @param key   {@code [rows, kvHeads, headDim]}
     * @param value {@code [rows, kvHeads, valueDim]}
     */
    AttentionHeads(Tensor query, Tensor key, Tensor value, double scale) {
        this.query = Numbers.read(query);
        this.key = Numbers.read(key);
        this.value = Numbers.read(value);
        this.headDim = query.shape().extent(2);
        this.valueDim = value.shape().extent(2);
        this.heads = query.shape().extent(1);
        this.kvHeads = key.shape().extent(1);
        this.scale = scale;
    }

    /** One query token and head, and the keys it sees. */
    interface Visitor {
        void visit(int token, int head, int firstKey, int keys);
    }

    void forEach(Sequences sequences, Visitor visitor) {
        for (int s = 0; s < sequences.count(); s++) {
            int queries = sequences.queries(s);
            for (int i = 0; i < queries; i++) {
                int visible = sequences.keyCount()[s] - queries + i + 1;
                for (int h = 0; h < heads; h++) {
                    visitor.visit(sequences.queryStart()[s] + i, h, sequences.keyStart()[s], visible);
                }
            }
        }
    }

    /** {@code scale · query[t, h] · key[firstKey + s, g]} for every {@code s} below {@code keys}. */
    double[] scores(int t, int h, int firstKey, int keys) {
        double[] scores = new double[keys];
        for (int s = 0; s < keys; s++) {
            for (int d = 0; d < headDim; d++) {
                scores[s] += query[queryAt(t, h) + d] * key[keyAt(firstKey + s, h) + d];
            }
            scores[s] *= scale;
        }
        return scores;
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
