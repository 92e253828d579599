package org.espalier.cut;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.espalier.Backends;
import org.espalier.Golden;
import org.espalier.RandomModel;
import org.espalier.Zeroed;
import org.espalier.backend.Backend;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.file.Json;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.SafetensorsFolder;
import org.espalier.job.ConvertJob;
import org.espalier.job.Destination;
import org.espalier.job.Listener;
import org.espalier.model.Architectures;
import org.espalier.model.Model;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.Packed;
import org.espalier.model.PrunedConfig;
import org.espalier.model.Transformer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A model with units cut out computes what the whole model computes with those units zeroed. */
class CompactorTest {

    private static final Packed TOKENS = Packed.of(List.of(new int[] {3, 77, 250, 9, 9, 140, 31}));

    @ParameterizedTest
    @CsvSource({"mha, HEADS, 1", "mha, NEURONS, 2", "gqa, HEADS, 3", "gqa, QUERY_HEADS, 4", "gqa, NEURONS, 5"})
    void cutEqualsZeroed(String name, Role role, long seed, @TempDir Path folder) {
        try (Backend backend = Backends.open("cpu");
                Checkpoint source = Checkpoints.open(Golden.resource(name));
                Model model = Model.open(source, backend)) {
            Selection selection = random(model.config(), role, new Random(seed));
            new SafetensorsFolder()
                    .write(
                            folder.resolve("cut"),
                            new Compactor(source, model.config(), selection, Optional.empty()).content(),
                            false);
            try (Checkpoint cut = Checkpoints.open(folder.resolve("cut"));
                    Model smaller = Model.open(cut, backend)) {
                assertEquals(
                        selection.parametersAfter(),
                        new Transformer(smaller.config()).shape().parameterCount());
                assertEquals(
                        PrunedConfig.of(model.config(), selection).layers(),
                        smaller.config().layers());
                assertTrue(selection.parametersAfter()
                        < new Transformer(model.config()).shape().parameterCount());
                Golden.assertClose(
                        Zeroed.logits(model, selection, TOKENS, backend),
                        Zeroed.logits(smaller, TOKENS, backend),
                        1e-4,
                        name);
            }
        }
    }

    /** Queries and keys, of which nothing is cut here, have their rows in another order in GGUF files. */
    @Test
    void rowsThatStayWholeKeepTheirOrder(@TempDir Path folder) {
        Path gguf = folder.resolve("model.gguf");
        new ConvertJob(Listener.NONE, Optional.empty()).run(Golden.resource("gqa"), Destination.at(gguf));
        try (Backend backend = Backends.open("cpu");
                Checkpoint source = Checkpoints.open(gguf);
                Model model = Model.open(source, backend)) {
            Selection selection = random(model.config(), Role.NEURONS, new Random(6));
            new SafetensorsFolder()
                    .write(
                            folder.resolve("cut"),
                            new Compactor(source, model.config(), selection, Optional.empty()).content(),
                            false);
            try (Checkpoint cut = Checkpoints.open(folder.resolve("cut"));
                    Model smaller = Model.open(cut, backend)) {
                Golden.assertClose(
                        Zeroed.logits(model, selection, TOKENS, backend),
                        Zeroed.logits(smaller, TOKENS, backend),
                        1e-4,
                        "from a GGUF file");
            }
        }
    }

    /** Other readers refuse a list that has more entries than there are layers. */
    @Test
    void aListWithAnEntryForEachLayerKeepsThoseOfLayersThatStay(@TempDir Path folder) throws IOException {
        RandomModel.write(RandomModel.config(16, 8, 3, new LayerConfig(2, 1, 8), true), 1, folder.resolve("whole"));
        Path file = folder.resolve("whole/config.json");
        ObjectNode json = Json.readObject(file);
        json.put("model_type", "mistral").putArray("architectures").add("MistralForCausalLM");
        json.put("sliding_window", 5);
        json.putArray("layer_types")
                .add("full_attention")
                .add("sliding_attention")
                .add("full_attention");
        Files.write(file, Json.toBytes(json));
        try (Checkpoint source = Checkpoints.open(folder.resolve("whole"))) {
            ModelConfig config = Architectures.read(source.config(), "config.json");
            Structure structure = Structure.of(new Transformer(config).shape());
            Selection selection = new Selection(structure);
            structure.branches().stream().filter(branch -> branch.layer() == 0).forEach(selection::remove);
            new SafetensorsFolder()
                    .write(
                            folder.resolve("cut"),
                            new Compactor(source, config, selection, Optional.empty()).content(),
                            false);
        }
        ObjectNode cut = Json.readObject(folder.resolve("cut/config.json"));
        assertEquals(2, cut.get("num_hidden_layers").asInt());
        assertEquals(
                "[\"sliding_attention\",\"full_attention\"]",
                cut.get("layer_types").toString());
    }

    /** About a third of every lane of every group of a role, another third in every layer. */
    private static Selection random(ModelConfig config, Role role, Random random) {
        Selection selection = new Selection(Structure.of(new Transformer(config).shape()));
        for (Units units : Structure.of(new Transformer(config).shape()).units()) {
            if (units.group().role() == role) {
                int removed = Math.max(1, units.perSet() / 3);
                for (int lane = 0; lane < units.sets(); lane++) {
                    int from = lane * units.perSet();
                    selection.remove(
                            units,
                            random.ints(0, units.perSet())
                                    .distinct()
                                    .limit(removed)
                                    .map(u -> from + u)
                                    .toArray());
                }
            }
        }
        return selection;
    }
}
