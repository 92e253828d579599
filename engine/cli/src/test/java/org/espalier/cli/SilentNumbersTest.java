package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.espalier.Shared;
import org.espalier.job.DemoModel;
import org.espalier.tune.OptimizerFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Numbers in files that would go through a command without a word, and come out as nonsense. */
class SilentNumbersTest {

    private static final int NAN = 0x7fc0;
    private static final int INFINITE = 0x7f80;

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws IOException {
        DemoModel.writeTo(folder.resolve("m"));
    }

    @ParameterizedTest
    @CsvSource({
        "nan, model.norm.weight",
        "infinite, model.norm.weight",
        "nan, model.layers.2.mlp.down_proj.weight",
        "infinite, model.layers.0.self_attn.q_proj.weight"
    })
    void weightsThatAreNotFiniteAreRefused(String kind, String tensor) throws IOException {
        spoil(tensor, kind.equals("nan") ? NAN : INFINITE);
        for (String command : new String[] {
            "generate @/m --prompt the --max-tokens 3 --json",
            "logits @/m --ids 1,2,3 --out @/l.safetensors",
            "logits @/m --ids 1,2,3 --out @/l.safetensors --backend reference",
            "eval ppl @/m --data @/m/config.json --format text --seq-len 8 --max-windows 1",
            "eval generation @/m --max-tokens 3",
            "eval divergence @/m --reference @/m --data @/m/config.json --format text --seq-len 8 --max-windows 1"
        }) {
            String line = Refusal.of(folder, Refusal.FAILED, command);
            assertTrue(line.contains("finite") || line.contains("not a number"), line);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"NaN", "Infinity", "-Infinity", "1e999", "\"NaN\"", "null", "-1e999"})
    void scoresThatAreNotFiniteAreRefused(String number) throws IOException {
        Ran.engine("score", "" + folder.resolve("m"), "--criterion", "l1", "--out", "" + folder.resolve("s.json"))
                .output();
        String scores = Files.readString(folder.resolve("s.json"));
        Matcher decimal = Pattern.compile("[0-9]\\.[0-9]{3,}(E-?[0-9]+)?").matcher(scores);
        assertTrue(decimal.find(), "a score");
        Files.writeString(
                folder.resolve("s.json"),
                scores.substring(0, decimal.start()) + number + scores.substring(decimal.end()));
        String line = Refusal.of(folder, Refusal.FAILED, "plan @/m --scores @/s.json --ratio 0.2 --out @/p.json");
        assertTrue(line.contains("s.json"), line);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[1, 2] 3",
                "[1, 2]]",
                "[1.0, 2]",
                "[1.5]",
                "[1, 2",
                "[1,, 2]",
                "[\"1\"]",
                "[true]",
                "[null]",
                "[99999999999]",
                "[-1]",
                "[640]",
                "[[1, 2]]",
                "{}",
                "1, 2",
                "[]",
                ""
            })
    void idsThatOnlyResembleThemAreRefused(String ids) throws IOException {
        Files.writeString(folder.resolve("ids.json"), ids);
        Refusal.of(folder, Refusal.FAILED, "logits @/m --ids-file @/ids.json --out @/l.safetensors");
        String rows = ids.equals("[[1, 2]]") ? "[[1, 2], [3]]" : ids.isEmpty() ? ids : "[" + ids + "]";
        Files.writeString(folder.resolve("ids.json"), rows);
        Refusal.of(
                folder, Refusal.FAILED, "score @/m --criterion wanda --ids-file @/ids.json --samples 1 --out @/s.json");
    }

    @Test
    void idsAreReadWithAByteOrderMark() throws IOException {
        Files.writeString(folder.resolve("ids.json"), "\uFEFF[1, 2, 3]\n");
        Ran.engine(
                        "logits",
                        "" + folder.resolve("m"),
                        "--ids-file",
                        "" + folder.resolve("ids.json"),
                        "--out",
                        "" + folder.resolve("l.safetensors"))
                .output();
    }

    @Test
    void aRecordWithoutATrainingIsNothingToResume() throws IOException {
        Path adapter = Files.createDirectories(folder.resolve("adapter"));
        Files.copy(Shared.path("cases/hostile/training-null.json"), adapter.resolve("training.json"));
        Files.write(adapter.resolve(OptimizerFile.NAME), new byte[8]);
        Files.writeString(folder.resolve("text.txt"), "the fox ran to the house\n".repeat(30));
        String line = Refusal.of(
                folder, Refusal.FAILED, "tune @/m --data @/text.txt --out @/adapter --save-every 1 --resume");
        assertTrue(line.contains("training.json") && line.contains("training is null"), line);
    }

    /** Overwrites the first numbers of a bfloat16 tensor. */
    private void spoil(String tensor, int bits) throws IOException {
        Path file = folder.resolve("m/model.safetensors");
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        int length = (int) bytes.getLong(0);
        JsonNode header = new ObjectMapper().readTree(new String(bytes.array(), 8, length, StandardCharsets.UTF_8));
        assertFalse(header.path(tensor).isMissingNode(), tensor);
        assertEquals("BF16", header.get(tensor).get("dtype").asText());
        int at = 8 + length + header.get(tensor).get("data_offsets").get(0).intValue();
        for (int i = 0; i < 4; i++) {
            bytes.putShort(at + 2 * i, (short) bits);
        }
        Files.write(file, bytes.array());
    }
}
