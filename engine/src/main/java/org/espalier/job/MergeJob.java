package org.espalier.job;

import java.nio.file.Path;
import java.util.Optional;
import org.espalier.format.ModelContent;
import org.espalier.format.NumberTypes;
import org.espalier.format.PeftAdapter;
import org.espalier.format.PeftMerge;
import org.espalier.model.Adapter;
import org.espalier.model.ModelCheckpoint;
import org.espalier.tensor.DType;

/** Writes a model with a LoRA adapter added to its weights: W + scale B A. */
public final class MergeJob {

    /**
     * What was written.
     *
     * @param tensors in all
     * @param merged  of them, those with the adapter in them
     */
    public record Result(int tensors, int merged) {}

    private final Listener listener;
    private final Optional<DType> dtype;

    /** @param dtype the type that weights are stored in; empty for that of the source as far as the form has it */
    public MergeJob(Listener listener, Optional<DType> dtype) {
        this.listener = listener;
        this.dtype = dtype;
    }

    /**
     * Merges.
     *
     * @param model   a checkpoint folder or a GGUF file; it stays as it is
     * @param adapter folder of a LoRA adapter in PEFT's form
     * @throws org.espalier.error.Failure if the two do not go together, or the result cannot be written
     */
    public Result run(Path model, Path adapter, Destination out) {
        NumberTypes types = out.types(dtype);
        try (ModelCheckpoint checkpoint = ModelCheckpoint.open(model);
                PeftAdapter stored = PeftAdapter.open(adapter, Adapter.experts(checkpoint.model()))) {
            NumberTypes own = Routers.plain(types, checkpoint.model());
            ModelContent content = Companions.with(PeftMerge.of(checkpoint, stored, own), model, checkpoint);
            out.writeModel("merge", content, listener);
            return new Result(
                    checkpoint.tensors().size(),
                    stored.projections().size() + stored.saved().size());
        }
    }
}
