package org.espalier.job;

import java.nio.file.Path;
import java.util.SequencedMap;
import org.espalier.model.ModelConfig;
import org.espalier.model.ParameterKinds;
import org.espalier.model.Transformer;
import org.espalier.tape.Tape;
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
     */
    public record Result(
            ModelConfig config,
            long parameters,
            SequencedMap<ParameterKinds, Long> parametersByKind,
            long weightBytes,
            SequencedMap<DType, Long> dtypes) {}

    /**
     * Looks.
     *
     * @param model a checkpoint folder, a GGUF file or a config.json alone
     * @throws org.espalier.error.Failure if it is no model, or not one that is known
     */
    public Result run(Path model) {
        ModelHeader header = ModelHeader.read(model);
        Tape tape = new Transformer(header.config()).shape();
        return new Result(
                header.config(),
                tape.parameterCount(),
                ParameterKinds.count(tape),
                header.weightBytes(),
                header.dtypes());
    }
}
