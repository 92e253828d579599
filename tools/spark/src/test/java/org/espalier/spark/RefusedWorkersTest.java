package org.espalier.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import org.espalier.RandomModel;
import org.espalier.Shared;
import org.espalier.backend.Precision;
import org.espalier.error.Failure;
import org.espalier.job.ComputeSettings.Device;
import org.espalier.job.DemoModel;
import org.espalier.job.Engine;
import org.espalier.job.ModelPlace;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.tape.Value;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Workers that would change bytes are refused, and samples that spoil a sum are named. */
class RefusedWorkersTest {

    @TempDir
    private Path folder;

    @AfterEach
    void close() {
        Station.closeAll();
    }

    private static Orders orders(String computer, Map<String, String> hashes) {
        return new Orders(Device.CPU, Precision.FLOAT32, false, 1, 1, computer, hashes, Map.of());
    }

    @Test
    void anotherProcessor() {
        ModelPlace place = ModelPlace.of(Shared.path("models/stories260K"), Optional.empty());
        Failure failure = assertThrows(
                Failure.class, () -> new Worker(orders("a computer of another kind", Map.of())).open(place));
        assertTrue(failure.problem().contains("a computer of another kind"), failure::oneLine);
        assertEquals("use machines of one kind, or add --portable", failure.advice());
    }

    @Test
    void anotherModel() {
        ModelPlace place = ModelPlace.of(Shared.path("models/stories260K"), Optional.empty());
        Failure failure = refused(place, "0123");
        assertEquals("the model at this worker is not the driver's", failure.problem());
        assertTrue(failure.place().contains("stories260K"), failure::oneLine);
    }

    /** Weights alone do not make a model. */
    @Test
    void anotherConfiguration() throws IOException {
        ModelPlace mine = ModelPlace.of(DemoModel.writeTo(folder.resolve("mine")), Optional.empty());
        Path other = DemoModel.writeTo(folder.resolve("other"));
        Path config = other.resolve("config.json");
        String json = Files.readString(config);
        String altered = json.replaceFirst("\"rms_norm_eps\" *: *[^,}]+", "\"rms_norm_eps\": 0.01");
        assertNotEquals(json, altered);
        Files.writeString(config, altered);
        ModelPlace place = ModelPlace.of(other, Optional.empty());
        assertEquals(
                "the model at this worker is not the driver's",
                refused(place, mine.sha256()).problem());
    }

    @Test
    void noModel() {
        ModelPlace place = ModelPlace.of(folder.resolve("none"), Optional.empty());
        Failure failure = refused(place, "0123");
        assertTrue(failure.problem().startsWith("this worker cannot read the model: "), failure::oneLine);
        assertTrue(failure.advice().contains("--copy-models"), failure::oneLine);
    }

    private static Failure refused(ModelPlace place, String hash) {
        String same = Engine.silent().computer().toString();
        return assertThrows(Failure.class, () -> new Worker(orders(same, Map.of(place.toString(), hash))).open(place));
    }

    /** The embedding of one token is not a number; the sequence that has it is in the second batch. */
    @Test
    void aPoisonedSample() throws IOException {
        Path model = folder.resolve("model");
        RandomModel.write(
                RandomModel.config(64, 16, 2, new LayerConfig(4, 2, 32), false), 3, model, RefusedWorkersTest::poison);
        Path ids = Files.writeString(folder.resolve("ids.json"), "[" + (sequence(5) + ",").repeat(17) + "[1,9,2]]");
        Ran ran = Ran.divided(
                2,
                "score",
                model.toString(),
                "--ids-file",
                ids.toString(),
                "--out",
                folder.resolve("scores.json").toString());
        assertEquals(1, ran.status());
        assertTrue(ran.err().contains("the model computes no finite loss (calibration sequence 17): "), ran::err);
    }

    private static String sequence(int id) {
        return Collections.nCopies(64, id).toString();
    }

    private static void poison(Value parameter, float[] numbers) {
        if (parameter.name().contains("embed")) {
            numbers[9 * parameter.shape().extent(1)] = Float.NaN;
        }
    }
}
