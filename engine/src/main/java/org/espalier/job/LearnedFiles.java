package org.espalier.job;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.espalier.format.Conversion;
import org.espalier.format.ModelContent;
import org.espalier.format.PeftAdapter;
import org.espalier.format.SafetensorsFolder;
import org.espalier.tensor.DType;
import org.espalier.tune.Learned;
import org.espalier.tune.LearnedAdapter;
import org.espalier.tune.LearnedWeights;

/** Writes what a training has learned into folders: an adapter in PEFT's form, or a model. */
final class LearnedFiles {

    private final Learned learned;
    private final OpenModel open;
    private final String model;
    private final Optional<DType> type;

    /**
     * @param open  the model as it was
     * @param model what the files call it
     * @param type  of the numbers of a model that is finished; empty for those it had
     */
    LearnedFiles(Learned learned, OpenModel open, String model, Optional<DType> type) {
        this.learned = learned;
        this.open = open;
        this.model = model;
        this.type = type;
    }

    /** Bytes of the weights of the model as it was. */
    long modelBytes() {
        return open.checkpoint().weightBytes();
    }

    /** The file with the numbers. */
    String weights() {
        return switch (learned) {
            case LearnedAdapter _ -> PeftAdapter.WEIGHTS;
            case LearnedWeights _ -> SafetensorsFolder.WEIGHTS;
        };
    }

    /**
     * Writes all of it into a folder that exists.
     *
     * @param finished if not, every number is written exactly, and all of them in one file
     */
    void writeInto(Path folder, boolean finished) throws IOException {
        switch (learned) {
            case LearnedAdapter adapter ->
                adapter.adapter()
                        .writeInto(folder, open.backend(), adapter.model().config(), model);
            case LearnedWeights weights -> writeModel(folder, weights, finished);
        }
    }

    private void writeModel(Path folder, LearnedWeights weights, boolean finished) throws IOException {
        ModelContent learnedModel = ModelContent.of(
                (ObjectNode) open.checkpoint().config(),
                weights.entries(name -> finished
                        ? Conversion.target(
                                open.checkpoint().tensors().get(name).type(), type)
                        : DType.F32));
        ModelContent content = Companions.with(learnedModel, open.path(), open.checkpoint());
        SafetensorsFolder format = finished ? new SafetensorsFolder() : new SafetensorsFolder(Long.MAX_VALUE);
        format.writeInto(folder, content);
    }
}
