package org.espalier.job;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.espalier.model.LlmPrunerMemory;
import org.espalier.model.ModelConfig;
import org.espalier.model.MultiplyAdds;
import org.espalier.model.ParameterKinds;
import org.espalier.model.Transformer;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tensor.DType;

/** Looks what a model consists of, for which no weight is read. */
public final class InfoJob {

    /**
     * What a model consists of.
     *
     * @param config           its shape
     * @param parameters       it has
     * @param parametersByKind the same by what they are there for
     * @param weightBytes      that its files hold of weights
     * @param dtypes           numbers that are stored in each type; none where there is a configuration alone
     * @param multiplyAdds     of a pass over as many tokens as in LLM-Pruner's table
     * @param llmPrunerMemory  bytes as that table has them
     * @param cacheBytes       of keys and values of a token, in float32
     */
    public record Result(
            ModelConfig config,
            long parameters,
            SequencedMap<ParameterKinds, Long> parametersByKind,
            long weightBytes,
            SequencedMap<DType, Long> dtypes,
            MultiplyAdds multiplyAdds,
            long llmPrunerMemory,
            long cacheBytes) {}

    /**
     * Looks.
     *
     * @param model a checkpoint folder, a GGUF file or a config.json alone
     * @throws org.espalier.error.Failure if it is no model, or not one that is known
     */
    public Result run(Path model) {
        ModelHeader header = ModelHeader.read(model);
        return of(header.config(), header.weightBytes(), header.dtypes());
    }

    /**
     * Looks at what a pruning would leave, of which nothing is stored yet.
     *
     * @throws org.espalier.error.Failure as above, or if the shape does not go with the model
     */
    public Result run(Path model, PrunedShape shape) {
        return of(shape.of(ModelHeader.read(model).config()), 0, new LinkedHashMap<>());
    }

    private static Result of(ModelConfig config, long weightBytes, SequencedMap<DType, Long> dtypes) {
        Tape tape = new Transformer(config).shape();
        return new Result(
                config,
                tape.parameterCount(),
                ParameterKinds.count(tape),
                weightBytes,
                dtypes,
                MultiplyAdds.of(config, MultiplyAdds.USUAL_TOKENS),
                LlmPrunerMemory.bytes(config),
                cacheBytes(config));
    }

    private static long cacheBytes(ModelConfig config) {
        return new Transformer(config)
                .cached(1, 1, 1).tape().leaves(Value.Role.STATE).stream()
                        .mapToLong(state -> DType.F32.bytes(state.shape().elements()))
                        .sum();
    }
}
