package org.espalier.backend.reference;

import org.espalier.backend.ColumnOps;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

interface ReferenceColumns extends ColumnOps {

    @Override
    default void copyColumns(Queue queue, Tensor source, long sourceAt, Target target, long targetAt, long columns) {
        Checks.copyColumns(DType.F64, source, sourceAt, target, targetAt, columns);
        int sourceWidth = source.shape().columns();
        int targetWidth = target.tensor().shape().columns();
        double[] sources = Numbers.read(source);
        double[] targets = Numbers.read(target.tensor());
        for (int r = 0; r < source.shape().rows(); r++) {
            for (int c = 0; c < columns; c++) {
                int at = r * targetWidth + (int) targetAt + c;
                double number = sources[r * sourceWidth + (int) sourceAt + c];
                targets[at] = target.accumulates() ? targets[at] + number : number;
            }
        }
        Numbers.write(target, targets);
    }
}
