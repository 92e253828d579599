package org.espalier.cut;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.espalier.backend.Backend;
import org.espalier.backend.Queue;
import org.espalier.model.SumTree;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/**
 * A weighted least-squares fit of what to add to a projection, with a ridge: {@code D [out, in]} that minimises
 * {@code Σ_t s_t |D x_t − r_t|² + Σ_j λ_j |D_j|²}, where {@code r_t} is what the projection lacks,
 * {@code λ_j = ridge · Σ_t s_t x_tj²}, and {@code D_j} is the j-th column. Sums and solution are float64. The sums are kept
 * apart by the source of their tokens.
 */
final class NormalEquations implements AutoCloseable {

    private final Backend backend;
    private final Queue queue;
    private final int in;
    private final int out;
    private final FitBatches batches;
    /** By the number of their source. */
    private final Map<Integer, EquationSums> sums = new TreeMap<>();

    /** @param batches all that can be added */
    NormalEquations(Backend backend, Queue queue, int in, int out, FitBatches batches) {
        this.backend = backend;
        this.queue = queue;
        this.in = in;
        this.out = out;
        this.batches = batches;
    }

    /** Bytes that a fit of this size on these batches takes, solution included. */
    static long bytes(long in, long out, FitBatches batches) {
        long sides = in * in + in * out;
        int kept = SumTree.most(batches.packed().size()) + batches.sourceCount() - 1;
        // A ridge that is chosen needs all other sources' sums, and the products that its error is made of.
        long choice = batches.sourceCount() > 1 ? 2 * sides : 0;
        return DType.F64.bytes(kept * sides + choice + 2 * in * out);
    }

    /**
     * Adds the tokens of a batch.
     *
     * @param batch   number of it
     * @param x       {@code [tokens, in]}
     * @param lacking {@code [tokens, out]}
     * @param weights {@code [tokens]}
     */
    void add(int batch, Tensor x, Tensor lacking, Tensor weights) {
        EquationSides sides = allocate();
        sides.write(x, lacking, weights);
        sums(batch).add(batch, sides);
    }

    /** Adds a batch without tokens. */
    void skip(int batch) {
        sums(batch).add(batch, (EquationSides) null);
    }

    private EquationSums sums(int batch) {
        return sums.computeIfAbsent(batches.source(batch), source -> new EquationSums(this::allocate));
    }

    private EquationSides allocate() {
        return new EquationSides(backend, queue, in, out);
    }

    /** Tells what was summed so far, as that of the {@code weight}th weight. */
    void tell(int weight, Consumer<FitSum> sink) {
        sums.values().forEach(ofSource -> ofSource.tell(weight, sink));
    }

    /** Adds a node of the sums of somebody else: all that was told of it. */
    void add(List<FitSum> node) {
        FitSum any = node.getFirst();
        sums(any.index() << any.level()).add(node);
    }

    /**
     * What to add.
     *
     * @param added {@code [out, in]}, row by row
     * @param ridge that held it
     */
    record Solution(double[] added, double ridge) {}

    /**
     * Solves the equations, which are gone then.
     *
     * @return empty if no batch had tokens
     * @throws org.espalier.error.Failure if the equations have no unique solution
     */
    Optional<Solution> solve(Ridge ridge) {
        List<EquationSides> sources = new ArrayList<>();
        try {
            sums.values().stream()
                    .map(EquationSums::take)
                    .filter(Objects::nonNull)
                    .forEach(sources::add);
            if (sources.isEmpty()) {
                return Optional.empty();
            }
            double share = ridge.chosen() && sources.size() > 1 ? RidgeChoice.among(sources) : ridge.share();
            EquationSides all = sources.getFirst();
            sources.stream().skip(1).forEach(all::plus);
            return Optional.of(new Solution(all.solve(share), share));
        } finally {
            sources.forEach(EquationSides::close);
        }
    }

    @Override
    public void close() {
        sums.values().forEach(EquationSums::close);
    }
}
