package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.espalier.Golden;
import org.espalier.cli.faults.Interruptions;
import org.espalier.job.DemoModel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Trainings that are stopped at random moments, and go on in another process from the files that stood there, end in the same
 * bytes; {@code tools/interruptions} kills more of them.
 */
class InterruptedTrainingTest {

    private static final int KILLS = 20;

    @TempDir
    private Path folder;

    @Test
    void killedTrainingsAreResumedToTheSameBytes() throws Exception {
        smallModel();
        assertEquals(List.of(), Interruptions.ofStopped(folder, folder.resolve("model"), KILLS));
    }

    /** One narrow layer, so that what takes time is what is killed: starting, saving, ending. */
    private void smallModel() throws IOException {
        Path demo = folder.resolve("demo");
        DemoModel.writeTo(demo);
        ObjectNode config = (ObjectNode) Golden.json(demo.resolve("config.json"));
        config.put("num_hidden_layers", 1).put("hidden_size", 32).put("intermediate_size", 64);
        config.put("num_attention_heads", 2).put("num_key_value_heads", 1).put("head_dim", 16);
        Path file = Files.writeString(folder.resolve("config.json"), config.toString());
        Path model = folder.resolve("model");
        Ran.engine("random", file.toString(), "--out", model.toString()).output();
        Files.copy(demo.resolve("tokenizer.json"), model.resolve("tokenizer.json"));
        Files.copy(demo.resolve("tokenizer_config.json"), model.resolve("tokenizer_config.json"));
    }
}
