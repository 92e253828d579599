package org.espalier.job;

import java.nio.file.Path;
import java.util.Optional;
import org.espalier.format.Conversion;
import org.espalier.format.ModelContent;
import org.espalier.format.NumberTypes;
import org.espalier.model.ModelCheckpoint;
import org.espalier.tensor.DType;

/** Writes a model in another form, with its configuration and its tokenizer. */
public final class ConvertJob {

    private final Listener listener;
    private final Optional<DType> dtype;

    /**
     * @param dtype the type that weights are stored in; empty for that of the source as far as the form has it, else float32
     */
    public ConvertJob(Listener listener, Optional<DType> dtype) {
        this.listener = listener;
        this.dtype = dtype;
    }

    /**
     * Converts.
     *
     * @param model a checkpoint folder or a GGUF file
     * @return tensors that were written
     * @throws org.espalier.error.Failure if the model cannot be read or written
     */
    public int run(Path model, Destination out) {
        NumberTypes types = out.types(dtype);
        try (ModelCheckpoint checkpoint = ModelCheckpoint.open(model)) {
            NumberTypes own = Routers.plain(types, checkpoint.model());
            ModelContent content = Companions.with(Conversion.of(checkpoint, own), model, checkpoint);
            out.writeModel("convert", content, listener);
            return checkpoint.tensors().size();
        }
    }
}
