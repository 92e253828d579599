package org.espalier.format;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.IntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.espalier.error.Failure;
import org.espalier.error.Printable;
import org.espalier.tensor.Blocks;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;

/**
 * Takes apart what PEFT has beside the experts of a layer together: of a weight {@code [experts, out, in]} the matrices
 * {@code A [experts · rank, in]}, expert by expert, and {@code B [out, rank · experts]}, whose column {@code j · experts + e} is
 * column j of expert e. Gates and what they gate are one weight, whose rows are those of the gates, then the others; both have the
 * same A. As an adapter has one rank and one scale here, matrices of a lower rank are filled up with zeros, which training leaves
 * zero, and those of another scale are multiplied.
 */
final class PeftFused {

    private static final Pattern OF_LAYER = Pattern.compile("(.*layers\\.([0-9]{1,6})\\.)(.+)");
    /** Of what stands beside one of two parameters of a module, the other one's being around it. */
    private static final String INNER = ".base_layer";

    private final PeftConfig config;
    private final PeftParameters parameters;
    private final PeftExperts experts;
    private final String place;
    /** By their projections. */
    private final Map<String, Pair> pairs = new LinkedHashMap<>();
    /** Names of the parameters that matrices stand beside. */
    private final Set<String> beside = new HashSet<>();
    /** Numbers of matrices, by their names. */
    private final Map<String, float[][]> decoded = new HashMap<>();

    /** The matrices of one projection: rows of A and of B, of which {@code b} makes row after row. */
    private record Pair(String projection, float[][] a, int in, int out, IntFunction<float[]> b, double scale) {}

    private PeftFused(PeftConfig config, PeftParameters parameters, PeftExperts experts, String place) {
        this.config = config;
        this.parameters = parameters;
        this.experts = experts;
        this.place = place;
    }

    /**
     * An adapter with matrices for every expert.
     *
     * @param config  of one rank and scale
     * @param entries by the names that PEFT has for projections of experts of their own
     */
    record Apart(PeftConfig config, List<TensorEntry> entries) {}

    /**
     * Takes an adapter apart.
     *
     * @param tensors by PEFT's names, without the prefix that all of them have; what is no matrix is left out
     * @throws Failure if it does not belong to the model
     */
    static Apart of(
            PeftConfig config,
            PeftParameters parameters,
            PeftExperts experts,
            Map<String, StoredTensor> tensors,
            String place) {
        PeftFused fused = new PeftFused(config, parameters, experts, place);
        for (Map.Entry<String, StoredTensor> entry : new TreeMap<>(tensors).entrySet()) {
            String name = entry.getKey();
            if (name.endsWith(PeftAdapter.SUFFIX_A)) {
                String module = name.substring(0, name.length() - PeftAdapter.SUFFIX_A.length());
                StoredTensor b = tensors.get(module + PeftAdapter.SUFFIX_B);
                if (b != null
                        && b.shape().rank() == 2
                        && entry.getValue().shape().rank() == 2) {
                    fused.add(name, module, entry.getValue(), b);
                }
            }
        }
        fused.requireTargets();
        return fused.apart();
    }

    /** A target that nothing stands beside is one of another model. */
    private void requireTargets() {
        for (String target : parameters.targets()) {
            if (beside.stream().noneMatch(name -> name.equals(target) || name.endsWith("." + target))) {
                throw new Failure(
                        "the adapter's " + PeftParameters.TARGETS + " names " + Printable.quoted(target)
                                + ", beside which it has no matrices",
                        place,
                        "use it with the model it was trained on");
            }
        }
    }

    private void add(String name, String module, StoredTensor a, StoredTensor b) {
        int rows = a.shape().rows();
        if (b.shape().dim(1) != rows || rows == 0) {
            throw misfit(name, a, "and its fellow is " + b.shape());
        }
        Matcher layer = OF_LAYER.matcher(module);
        boolean inner = module.endsWith(INNER);
        String part = !layer.matches()
                ? ""
                : layer.group(3).substring(0, layer.group(3).length() - (inner ? INNER.length() : 0));
        if (experts.names() == null || !part.equals(experts.names().together().experts())) {
            boolean router = experts.names() != null
                    && part.equals(experts.names().together().router());
            String projection = router ? layer.group(1) + experts.names().router() : module;
            String parameter = router ? module + ".weight" : module;
            add(a, pair(projection, parameter, a, b, 0, b.shape().rows(), 1, 0));
            return;
        }
        addExperts(layer.group(1), experts.count(Integer.parseInt(layer.group(2))), inner, a, b);
    }

    private void addExperts(String layer, int count, boolean inner, StoredTensor a, StoredTensor b) {
        ExpertNames names = experts.names();
        int out = b.shape().rows();
        boolean gates = inner || !parameters.has(names.together().down());
        if (count == 0
                || a.shape().rows() % count != 0
                || gates && (out % 2 != 0 || !parameters.has(names.together().gates()))) {
            throw misfit(a.name(), a, "and the layer has " + count + " experts");
        }
        String parameter = layer + names.together().experts() + "."
                + (gates ? names.together().gates() : names.together().down());
        for (int e = 0; e < count; e++) {
            String expert = layer + names.expert(e);
            if (gates) {
                add(a, pair(expert + names.gate(), parameter, a, b, 0, out / 2, count, e));
                add(a, pair(expert + names.up(), parameter, a, b, out / 2, out, count, e));
            } else {
                add(a, pair(expert + names.down(), parameter, a, b, 0, out, count, e));
            }
        }
    }

    /** Adds a projection, which may stand there once: as itself or taken apart, inner or outer. */
    private void add(StoredTensor a, Pair pair) {
        if (pairs.putIfAbsent(pair.projection, pair) != null) {
            throw misfit(a.name(), a, "and there is another of " + Printable.quoted(pair.projection));
        }
    }

    /**
     * That of one of {@code count} experts.
     *
     * @param parameter by whose name the scale is told
     * @param first     of its rows of {@code b}, and the end of them
     */
    private Pair pair(
            String projection,
            String parameter,
            StoredTensor a,
            StoredTensor b,
            int first,
            int end,
            int count,
            int expert) {
        beside.add(parameter);
        int rank = a.shape().rows() / count;
        double alpha = parameters.alpha(parameter, config.alpha());
        double scale = config.rankStabilised() ? alpha / Math.sqrt(rank) : alpha / rank;
        if (!Float.isFinite((float) scale)) {
            throw misfit(a.name(), a, "and alpha is " + alpha);
        }
        float[][] right = decoded(b);
        return new Pair(
                projection,
                Arrays.copyOfRange(decoded(a), expert * rank, (expert + 1) * rank),
                a.shape().columns(),
                end - first,
                row -> {
                    float[] own = new float[rank];
                    for (int j = 0; j < rank; j++) {
                        own[j] = right[first + row][j * count + expert];
                    }
                    return own;
                },
                scale);
    }

    private Apart apart() {
        int rank = pairs.values().stream().mapToInt(pair -> pair.a.length).max().orElse(config.rank());
        double scale = config.scale();
        List<TensorEntry> entries = new ArrayList<>();
        for (Pair pair : pairs.values()) {
            float factor = (float) (pair.scale / scale);
            float[] nothing = new float[pair.in];
            entries.add(matrix(
                    pair.projection + PeftAdapter.SUFFIX_A,
                    rank,
                    pair.in,
                    row -> row < pair.a.length ? pair.a[row] : nothing));
            entries.add(matrix(pair.projection + PeftAdapter.SUFFIX_B, pair.out, rank, row -> {
                float[] own = Arrays.copyOf(pair.b.apply(row), rank);
                for (int j = 0; j < rank; j++) {
                    own[j] *= factor;
                }
                return own;
            }));
        }
        return new Apart(config.withRank(rank), entries);
    }

    private static TensorEntry matrix(String name, int rows, int columns, IntFunction<float[]> row) {
        return new TensorEntry(name, DType.F32, Shape.of(rows, columns), sink -> {
            MemorySegment bytes = MemorySegment.ofArray(new byte[Float.BYTES * columns]);
            for (int r = 0; r < rows; r++) {
                Blocks.encode(DType.F32, row.apply(r), 0, bytes, 0, columns);
                sink.write(bytes);
            }
        });
    }

    private float[][] decoded(StoredTensor matrix) {
        return decoded.computeIfAbsent(matrix.name(), _ -> rows(matrix));
    }

    private float[][] rows(StoredTensor matrix) {
        if (!matrix.type().floating()) {
            throw misfit(matrix.name(), matrix, "which is no number of an adapter");
        }
        int columns = matrix.shape().columns();
        return IntStream.range(0, matrix.shape().rows())
                .mapToObj(r -> {
                    float[] row = new float[columns];
                    Blocks.decode(matrix.type(), matrix.bytes(), matrix.rowOffset(r), row, 0, columns);
                    return row;
                })
                .toArray(float[][]::new);
    }

    private Failure misfit(String name, StoredTensor tensor, String reason) {
        return new Failure(
                "the adapter's " + Printable.quoted(name) + " is " + tensor.type() + " " + tensor.shape() + ", "
                        + reason,
                place,
                "use it with the model it was trained on");
    }
}
