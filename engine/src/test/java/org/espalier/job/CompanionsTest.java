package org.espalier.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.espalier.Golden;
import org.espalier.TestFiles;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.espalier.importance.Criterion;
import org.espalier.tune.PrunedLlama;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What lies beside the weights of a model that was made of another. */
class CompanionsTest {

    private static final String CODE = "modeling_espalier.py";

    @TempDir
    private Path folder;

    @Test
    void layersOfDifferentSizesComeWithCodeThatBuildsThem() throws IOException {
        Path out = convert(PrunedLlama.writeModel(folder.resolve("model")));
        ObjectNode map =
                (ObjectNode) Json.readObject(out.resolve("config.json")).get("auto_map");
        assertEquals("modeling_espalier.EspalierConfig", map.get("AutoConfig").asText());
        assertEquals(
                "modeling_espalier.EspalierForCausalLM",
                map.get("AutoModelForCausalLM").asText());
        String code = Files.readString(out.resolve(CODE));
        assertTrue(code.contains("from transformers import LlamaConfig, LlamaForCausalLM\n"), code);
        assertFalse(code.contains("@CONFIG") || code.contains("@MODEL"), code);
    }

    @Test
    void theStockClassNeedsNone() throws IOException {
        Path model = copy(Golden.resource("gqa"));
        ObjectNode config = Json.readObject(model.resolve("config.json"));
        config.putObject("auto_map").put("AutoConfig", "modeling_espalier.EspalierConfig");
        Files.write(model.resolve("config.json"), Json.toBytes(config));
        Path out = convert(model);
        assertFalse(Json.readObject(out.resolve("config.json")).has("auto_map"));
        assertFalse(Files.exists(out.resolve(CODE)));
    }

    @Test
    void codeOfAnotherHandStaysNamed() throws IOException {
        Path model = copy(Golden.resource("gqa"));
        ObjectNode config = Json.readObject(model.resolve("config.json"));
        config.putObject("auto_map").put("AutoConfig", "theirs.Config");
        Files.write(model.resolve("config.json"), Json.toBytes(config));
        assertTrue(Json.readObject(convert(model).resolve("config.json")).has("auto_map"));
    }

    @Test
    void licenceAndCardLieBesideAPrunedModelWhichIsReplacedByForce() throws IOException {
        Path model = copy(Golden.resource("gqa"));
        Files.writeString(model.resolve("LICENSE"), "use it well");
        Files.writeString(model.resolve("README.md"), "of the dense model");
        Path out = folder.resolve("pruned");
        prune(model, out);
        assertEquals("use it well", Files.readString(out.resolve("LICENSE")));
        String card = Files.readString(out.resolve("README.md"));
        for (String said : List.of("# model, pruned", "`l2`", "% fewer)", "see LICENSE.", "plan.json")) {
            assertTrue(card.contains(said), said + " is not in " + card);
        }
        new PruneJob(Engine.silent(), settings()).run(model, new Destination(out, true));
        Files.writeString(out.resolve("README.md"), "notes of a person");
        Failure failure = assertThrows(
                Failure.class, () -> new PruneJob(Engine.silent(), settings()).run(model, new Destination(out, true)));
        assertTrue(failure.problem().contains("README.md"), failure.oneLine());
    }

    private static PruneSettings settings() {
        return PruneSettings.defaults()
                .importance(ImportanceSettings.defaults().criterion(Criterion.L2))
                .budget(BudgetSettings.defaults().ratio(0.2).keepFirst(0).keepLast(0));
    }

    private static void prune(Path model, Path out) {
        new PruneJob(Engine.silent(), settings()).run(model, Destination.at(out));
    }

    private Path convert(Path model) {
        Path out = folder.resolve("out");
        new ConvertJob(Listener.NONE, Optional.empty()).run(model, Destination.at(out));
        return out;
    }

    private Path copy(Path source) throws IOException {
        Path model = Files.createDirectory(folder.resolve("model"));
        for (String name : TestFiles.names(source)) {
            Files.copy(source.resolve(name), model.resolve(name));
        }
        return model;
    }
}
