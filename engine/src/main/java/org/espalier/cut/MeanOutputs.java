package org.espalier.cut;

import java.util.BitSet;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.model.BranchEnd;
import org.espalier.model.BranchPass;
import org.espalier.model.Model;
import org.espalier.model.StreamWalk;
import org.espalier.tape.Branch;
import org.espalier.tape.Value;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/**
 * The bias of a branch's last projection that stands for the removed inputs: {@code Σ_removed W_j · mean(x_j)}, the mean over
 * all calibration tokens in the dense model (FLAP, An et al. 2023).
 */
final class MeanOutputs implements BranchRepair {

    private final Model dense;
    private final Structure biased;
    private final Selection selection;
    private final StreamWalk whole;
    private final Compensated result;
    private final Backend backend;
    private final Queue queue;

    /** @param biased the dense model with a bias in every last projection */
    MeanOutputs(Model dense, Structure biased, Selection selection, StreamWalk whole, Compensated result, Queue queue) {
        this.dense = dense;
        this.biased = biased;
        this.selection = selection;
        this.whole = whole;
        this.result = result;
        this.backend = dense.backend();
        this.queue = queue;
    }

    @Override
    public void next(Branch branch) {
        BranchEnd last = BranchPass.end(selection.structure().tape(), branch);
        double[] means = new double[last.weights().getFirst().shape().extent(1)];
        double share = 1.0 / whole.stream().shape().dim(0);
        whole.run(branch, visit -> {
            double[] numbers = HostCopy.readDoubles(backend, queue, visit.inner());
            for (int i = 0; i < numbers.length; i++) {
                means[i % means.length] += share * numbers[i];
            }
            whole.advance(visit, branch);
        });
        if (!selection.removed(branch)) {
            Value bias = BranchPass.end(biased.tape(), biased.branches().get(branch.index()))
                    .bias();
            Shape left = selection.on(biased).shape(bias);
            result.put(bias.name(), left, bias(last, means));
        }
    }

    private double[] bias(BranchEnd last, double[] means) {
        int in = means.length;
        Value weight = last.weights().getFirst();
        double[] w = read(dense.weights().tensor(weight.name()));
        BitSet removed = new BitSet();
        removed.set(0, in);
        for (int kept : selection.kept(weight, 1)) {
            removed.clear(kept);
        }
        double[] bias = last.bias() == null
                ? new double[w.length / in]
                : read(dense.weights().tensor(last.bias().name()));
        for (int o = 0; o < bias.length; o++) {
            int row = o * in;
            bias[o] += removed.stream().mapToDouble(j -> w[row + j] * means[j]).sum();
        }
        return bias;
    }

    private double[] read(Tensor stored) {
        Tensor widened = backend.allocate(DType.F64, stored.shape(), "a projection");
        try {
            backend.convert(queue, stored, widened);
            return HostCopy.readDoubles(backend, queue, widened);
        } finally {
            widened.buffer().close();
        }
    }
}
