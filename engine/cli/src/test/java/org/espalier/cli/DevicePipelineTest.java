package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.espalier.Golden;
import org.espalier.backend.cuda.StandIn;
import org.espalier.format.SafetensorsFile;
import org.espalier.job.DemoModel;
import org.espalier.report.TrainingFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The small model that comes with the program, pruned, trained back and used on the cuda device, beside the cpu. */
@ExtendWith(StandIn.class)
class DevicePipelineTest {

    /** Of a loss near 4: training goes through every operation, forwards and backwards, in float32. */
    private static final double LOSS = 1e-5;

    /** Of the largest weight of a tensor: activations are float32, the equations float64. */
    private static final double FITTED = 1e-5;

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws IOException {
        DemoModel.writeTo(folder.resolve("model"));
        Files.write(folder.resolve("stories.txt"), DemoModel.stories(1, 12));
    }

    @Test
    void prunedTrainedAndUsedAsOnTheCpu() throws IOException {
        JsonNode cpu = pipeline("cpu");
        long before = StandIn.isItself() ? StandIn.launches() : -1;
        JsonNode cuda = pipeline("cuda");
        assertTrue(before < 0 || StandIn.launches() > before + 1000, "hardly anything was computed on the device");

        for (String file : List.of("plan.json", "model.safetensors", "config.json")) {
            assertArrayEquals(bytes("cpu/pruned", file), bytes("cuda/pruned", file), file);
        }
        TrainingFile expected = TrainingFile.read(folder.resolve("cpu/adapter"));
        TrainingFile actual = TrainingFile.read(folder.resolve("cuda/adapter"));
        assertEquals(3, expected.training().losses().size());
        for (int i = 0; i < 3; i++) {
            assertEquals(
                    expected.training().losses().get(i).loss(),
                    actual.training().losses().get(i).loss(),
                    LOSS);
        }
        List<Double> heldOut =
                actual.training().evalLosses().stream().map(p -> p.loss()).toList();
        assertEquals(expected.training().evalLosses().getLast().loss(), heldOut.getLast(), LOSS);
        assertTrue(heldOut.getLast() < heldOut.getFirst() - 1e-3, heldOut::toString);
        assertEquals(cpu.get("ids"), cuda.get("ids"));
        assertEquals(12, cuda.get("ids").size());
    }

    /**
     * What stays is compacted on the device and then fitted. Fitted weights are computed, so they agree as float32 sums do,
     * not to the byte.
     */
    @Test
    void fittedAsOnTheCpu() {
        for (String device : List.of("cpu", "cuda")) {
            engine("prune @/model --calibration @/stories.txt --criterion l2 --samples 20 --seq-len 64 --ratio 0.3 "
                    + "--compensate lstsq --dtype f32 --out @/" + device + "/fitted --device " + device);
        }
        assertTrue(!StandIn.isItself() || StandIn.launches("gather_4") > 0, "weights are not cut where they are used");
        try (SafetensorsFile cpu = SafetensorsFile.open(folder.resolve("cpu/fitted/model.safetensors"));
                SafetensorsFile cuda = SafetensorsFile.open(folder.resolve("cuda/fitted/model.safetensors"))) {
            assertEquals(cpu.tensors().keySet(), cuda.tensors().keySet());
            for (String name : cpu.tensors().keySet()) {
                Golden.assertCloseToLargest(Golden.doubles(cpu, name), Golden.doubles(cuda, name), FITTED, name);
            }
        }
    }

    /** Adapters whose rows have lengths, and norms, learned from the model itself: what of it is on the device does the same. */
    @Test
    void lengthsAndNormsAreLearnedFromATeacherAsOnTheCpu() throws IOException {
        for (String device : List.of("cpu", "cuda")) {
            engine(
                    "tune @/model --data @/stories.txt --max-samples 8 --held-out 0 --cutoff 32 --batch-size 2 --no-pack --dora "
                            + "--targets q_proj,layers.*.mlp.down_proj --norms --lr 3e-3 --teacher @/model --distil-weight 0.5 "
                            + "--precision float32 --out @/" + device + "/lengths --device " + device);
        }
        List<Double> cpu = losses("cpu/lengths");
        List<Double> cuda = losses("cuda/lengths");
        assertEquals(4, cpu.size());
        assertTrue(cpu.getLast() > 0);
        for (int i = 0; i < cpu.size(); i++) {
            assertEquals(cpu.get(i), cuda.get(i), LOSS);
        }
    }

    private List<Double> losses(String adapter) {
        return TrainingFile.read(folder.resolve(adapter)).training().losses().stream()
                .map(point -> point.loss())
                .toList();
    }

    /** What the pruned model writes with its adapter. */
    private JsonNode pipeline(String device) throws IOException {
        engine("prune @/model --calibration @/stories.txt --criterion param_mix --samples 3 --seq-len 32 --ratio 0.3 "
                + "--units kv_heads,neurons --compensate none --out @/" + device + "/pruned --device " + device);
        engine("tune @/" + device
                + "/pruned --data @/stories.txt --max-samples 12 --held-out 2 --cutoff 32 --batch-size 4 "
                + "--epochs 1 --lr 3e-3 --dropout 0.1 --precision float32 --out @/" + device + "/adapter --device "
                + device);
        return new ObjectMapper()
                .readTree(engine("generate @/" + device + "/pruned --adapter @/" + device
                        + "/adapter --prompt Once --max-tokens 12 --json --device " + device));
    }

    private byte[] bytes(String model, String file) throws IOException {
        return Files.readAllBytes(folder.resolve(model).resolve(file));
    }

    private String engine(String line) {
        return Ran.engine(line.replace("@", folder.toString()).split(" ")).output();
    }
}
