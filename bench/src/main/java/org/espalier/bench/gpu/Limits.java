package org.espalier.bench.gpu;

import java.util.EnumMap;
import java.util.Map;
import org.espalier.backend.Precision;
import org.espalier.backend.Queue;
import org.espalier.backend.cuda.CudaBackend;
import org.espalier.tensor.Buffer;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/**
 * What the device can do at best, as far as it can be measured: how many bytes a second a copy in its memory moves (read and
 * written), and how many operations a second products of large square matrices make.
 *
 * @param copy  bytes a second
 * @param peaks operations a second, by the type of the weight; float32 in {@link Precision#FLOAT32}, others in
 *              {@link Precision#HALF}
 */
record Limits(double copy, Map<DType, Double> peaks) {

    static Limits measure(CheckDevice device, Stopwatch watch, long copyBytes, int matrix, CheckTable table) {
        double copy = copy(device.in(Precision.FLOAT32), watch, copyBytes, table);
        Map<DType, Double> peaks = new EnumMap<>(DType.class);
        for (DType type : new DType[] {DType.F32, DType.BF16, DType.F16}) {
            Precision precision = type == DType.F32 ? Precision.FLOAT32 : Precision.HALF;
            peaks.put(type, peak(device, watch, matrix, type, precision, copy, table));
        }
        peak(device, watch, matrix, DType.F32, Precision.TF32, copy, table);
        return new Limits(copy, peaks);
    }

    /** The peak that products with a weight of this type are held against. */
    double peak(DType type) {
        return peaks.getOrDefault(type, peaks.get(DType.F32));
    }

    private static double copy(CudaBackend cuda, Stopwatch watch, long bytes, CheckTable table) {
        try (Queue queue = cuda.newQueue();
                Buffer from = cuda.allocate(bytes, "the source of a copy");
                Buffer to = cuda.allocate(bytes, "the target of a copy")) {
            Tensor source = Tensor.of(from, DType.I8, Shape.of(bytes));
            cuda.fill(queue, source, 1);
            Tensor floats = Tensor.of(from, DType.F32, Shape.of(bytes / 4));
            Tensor target = Tensor.of(to, DType.F32, Shape.of(bytes / 4));
            double seconds = watch.seconds(cuda, queue, () -> cuda.convert(queue, floats, target));
            double copied = 2 * bytes / seconds;
            table.add(
                    "limits",
                    "copy of " + bytes + " bytes",
                    "measured",
                    seconds,
                    2 * bytes,
                    0,
                    copied,
                    Double.POSITIVE_INFINITY);
            return copied;
        }
    }

    private static double peak(
            CheckDevice device,
            Stopwatch watch,
            int n,
            DType type,
            Precision precision,
            double copy,
            CheckTable table) {
        CudaBackend cuda = device.in(precision);
        try (Queue queue = cuda.newQueue();
                Buffer x = cuda.allocate(4L * n * n, "x");
                Buffer w = cuda.allocate(type.bytes((long) n * n), "w");
                Buffer y = cuda.allocate(4L * n * n, "y")) {
            Shape square = Shape.of(n, n);
            Tensor xs = Tensor.of(x, DType.F32, square);
            Tensor ws = Tensor.of(w, type, square);
            Tensor ys = Tensor.of(y, DType.F32, square);
            cuda.fill(queue, xs, 0.5);
            cuda.fill(queue, ws, 0.25);
            double seconds = watch.seconds(cuda, queue, () -> cuda.linear(queue, xs, ws, null, ys));
            long flops = 2L * n * n * n;
            double made = flops / seconds;
            table.add(
                    "limits",
                    "product " + n + "x" + n + "x" + n + " " + type + " in " + precision,
                    "measured",
                    seconds,
                    8L * n * n + ws.bytes(),
                    flops,
                    copy,
                    made);
            return made;
        }
    }
}
