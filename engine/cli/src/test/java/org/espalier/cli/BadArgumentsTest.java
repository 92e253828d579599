package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Commands with missing, empty and wrong arguments, each refused as {@link Refusal} says. */
class BadArgumentsTest {

    private static final List<String> WRONG_USAGE = List.of(
            "",
            "nonsense",
            "--nonsense",
            "INFO",
            "info",
            "info a b",
            "info --nonsense a",
            "info --json",
            "devices extra",
            "devices --nonsense",
            "logits",
            "logits @/m",
            "logits @/m --ids 1",
            "logits @/m --out @/o",
            "logits @/m --ids x --out @/o",
            "logits @/m --ids 1,,2 --out @/o",
            "logits @/m --ids 1 --ids-file @/f --out @/o",
            "logits @/m --ids 99999999999 --out @/o",
            "logits @/m --ids 1 --out @/o --backend gpu",
            "logits @/m --ids 1 --out",
            "logits @/m --ids 1 --out @/o --threads 0",
            "logits @/m --ids 1 --out @/o --threads x",
            "bench",
            "bench @/m --prompt -1",
            "bench @/m --generate x",
            "bench @/m --repetitions 0",
            "bench @/m --prompt 0 --generate 0",
            "bench @/m --threads -2",
            "bench @/m --threads 1000000",
            "tokenize",
            "tokenize @/m",
            "tokenize --text x",
            "tokenize @/m --text x --file @/f",
            "tokenize @/m --text",
            "tokenize @/m --text x --special",
            "generate",
            "generate @/m",
            "generate --prompt x",
            "generate @/m --prompt",
            "generate @/m --prompt x --prompt-file @/f",
            "generate @/m --prompt x --max-tokens 0",
            "generate @/m --prompt x --max-tokens -5",
            "generate @/m --prompt x --temperature -1",
            "generate @/m --prompt x --temperature NaN",
            "generate @/m --prompt x --temperature hot",
            "generate @/m --prompt x --top-k -1",
            "generate @/m --prompt x --top-p 0",
            "generate @/m --prompt x --top-p 1.5",
            "generate @/m --prompt x --seed x",
            "eval",
            "eval nonsense",
            "eval ppl",
            "eval ppl @/m",
            "eval ppl --data @/f",
            "eval ppl @/m --data",
            "eval ppl @/m --data @/f --format csv",
            "eval ppl @/m --data @/f --protocol mine",
            "eval ppl @/m --data @/f --seq-len 1",
            "eval ppl @/m --data @/f --seq-len -8",
            "eval ppl @/m --data @/f --stride 0",
            "eval ppl @/m --data @/f --max-windows 0",
            "eval ppl @/m --data @/f --protocol llama.cpp --stride 8",
            "eval ppl @/m --data @/f --protocol llama.cpp --seq-len 3",
            "eval divergence @/m",
            "eval divergence @/m --data @/f",
            "eval divergence @/m --reference @/m",
            "eval divergence @/m --reference @/m --data @/f --seq-len 1",
            "eval divergence @/m --reference @/m --data @/f --max-windows 0",
            "eval divergence @/m --reference @/m --data @/f --format csv",
            "groups",
            "groups a b",
            "groups --nonsense a",
            "prune",
            "prune @/m",
            "prune @/m --out @/o",
            "prune @/m --out @/o --criterion best",
            "prune @/m --out @/o --criterion l2 --ratio 1.5",
            "prune @/m --out @/o --criterion l2 --ratio -0.1",
            "prune @/m --out @/o --criterion l2 --units noses",
            "prune @/m --out @/o --criterion l2 --mlp-layers 5-2",
            "prune @/m --out @/o --criterion l2 --attention-layers x",
            "prune @/m --out @/o --criterion l2 --scope wide",
            "prune @/m --out @/o --criterion l2 --compat other",
            "prune @/m --out @/o --criterion l2 --dtype q4",
            "prune @/m --out @/o --calibration @/text --ids-file @/text",
            "prune @/m --out @/o --criterion l2 --samples 0",
            "prune @/m --out @/o --criterion l2 --mode layer --units neurons",
            "prune @/m --out @/o --criterion l2 --steps 0",
            "prune @/m --out @/o --criterion l2 --mode layer",
            "prune @/m --out @/o --calibration @/text --mode channel --compensate bias",
            "prune @/m --out @/o --calibration @/text --dependency off --compensate lstsq",
            "prune @/m --out @/o --calibration @/text --calibration @/text --samples 1",
            "prune @/m --out @/o --calibration @/text --ridge 0",
            "prune @/m --out @/o --criterion l2 --compensate lstsq",
            "prune @/m --out @/o --criterion l2 --round 0",
            "prune @/m --out @/o --criterion l2 --dependency maybe",
            "prune @/m --out @/o --criterion l2 --dependency off --steps 2",
            "prune @/m --out @/o --criterion l2 --dependency off --units kv_heads,query_heads",
            "plan @/m --scores @/text --out @/o --dependency off",
            "prune @/m --out @/o --criterion l2 --normalise size",
            "compact @/m --out @/o --plan @/text --compensate bias",
            "plan",
            "plan @/m",
            "plan @/m --scores @/text",
            "plan --scores @/text --out @/o",
            "plan show",
            "plan diff",
            "plan diff @/text",
            "plan @/m --scores @/text --out @/o --mode layer --units neurons",
            "plan show @/text --out @/o.png",
            "prune @/m --out @/o --criterion l2 --keep-first -1",
            "prune @/m --out @/o --criterion l2 --aggregate most",
            "score",
            "score @/m",
            "score @/m --out @/o",
            "score --criterion l2 --out @/o",
            "score @/m --out @/o --criterion best",
            "score @/m --out @/o --criterion l2 --units noses",
            "score @/m --out @/o --criterion flap",
            "score @/m --out @/o --criterion l2 --units layers",
            "score @/m --out @/o --criterion l2 --memory much",
            "score @/m --out @/o --criterion l2 --memory -5m",
            "score @/m --out @/o --criterion l2 --aggregate most",
            "random",
            "random @/m",
            "random --out @/o",
            "random @/m --out",
            "random @/m --out @/o --dtype q8_0",
            "random @/m --out @/o --seed x",
            "pretrain",
            "pretrain --out",
            "pretrain --out @/o --steps 0",
            "pretrain --out @/o --layers -1",
            "pretrain --out @/o --lr 0",
            "pretrain --out @/o --vocab 10",
            "pretrain --out @/o --heads 3",
            "pretrain --out @/o --hidden x",
            "pretrain --out @/o --batch-tokens 0",
            "pretrain --out @/o --threads 0",
            "compact",
            "compact @/m",
            "compact @/m --plan @/p",
            "compact @/m --out @/o",
            "compact @/m --out @/o --plan",
            "run",
            "run @/m",
            "run @/m --out @/o",
            "run @/m --data @/f",
            "run @/m --out @/o --data @/f",
            "run @/m --out @/o --criterion l2 --data",
            "run @/m --out @/o --criterion l2 --data @/f --eval",
            "run @/m --out @/o --criterion l2 --data @/f --eval-format csv",
            "run @/m --out @/o --criterion l2 --data @/f --eval @/a --eval-format text --eval-format lines",
            "run @/m --out @/o --criterion l2 --data @/f --eval @/a --eval-seq-len 1",
            "run @/m --out @/o --criterion l2 --data @/f --eval @/a --eval-protocol llama.cpp --eval-seq-len 3",
            "run @/m --out @/o --criterion l2 --data @/f --eval-windows 0",
            "run @/m --out @/o --criterion l2 --data @/f --epochs 0",
            "run @/m --out @/o --criterion l2 --data @/f --repetitions -1",
            "run @/m --out @/o --criterion l2 --data @/f --ratio 2",
            "run @/m --out @/o --criterion l2 --data @/f --max-tokens 0",
            "run @/m --out @/o --data @/f --compensate lstsq",
            "demo --stories 0",
            "report",
            "report --out @/o",
            "report @/m",
            "report @/m --out",
            "report @/m --out @/o --nonsense",
            "demo surplus",
            "demo --out",
            "demo --threads 0",
            "tune",
            "tune @/m",
            "tune @/m --data @/text",
            "tune @/m --out @/o",
            "tune --data @/text --out @/o",
            "tune @/m --data --out @/o",
            "tune @/m --data @/text --out @/o --format csv",
            "tune @/m --data @/text --out @/o --recipe mine",
            "tune @/m --data @/text --out @/o --epochs 0",
            "tune @/m --data @/text --out @/o --rank 0",
            "tune @/m --data @/text --out @/o --alpha 0",
            "tune @/m --data @/text --out @/o --alpha NaN",
            "tune @/m --data @/text --out @/o --dropout 1",
            "tune @/m --data @/text --out @/o --lr 0",
            "tune @/m --data @/text --out @/o --lr -1e-4",
            "tune @/m --data @/text --out @/o --batch-size 0",
            "tune @/m --data @/text --out @/o --micro-batch-size 0",
            "tune @/m --data @/text --out @/o --cutoff 1",
            "tune @/m --data @/text --out @/o --max-samples 0",
            "tune @/m --data @/text --out @/o --held-out -1",
            "tune @/m --data @/text --out @/o --warm-up x",
            "tune @/m --data @/text --out @/o --eval-every 0",
            "tune @/m --data @/text --out @/o --seed x",
            "tune @/m --data @/text --out @/o --threads 0",
            "tune @/m --data @/text --out @/o --save-every 0",
            "convert",
            "convert @/m",
            "convert --out @/o",
            "convert @/m --out @/o.gguf",
            "convert @/m --out @/o --dtype q8_0",
            "merge",
            "merge @/m",
            "merge @/m @/a",
            "merge @/m @/a --out",
            "merge @/m @/a --out @/o.gguf",
            "merge @/m @/a --out @/o --dtype q8_0",
            "logits @/m --ids 1 --out @/o --adapter",
            "bench @/m --device tpu",
            "bench @/m --seed 1.5",
            "bench @/m --against");

    private static final List<String> FAILURES = List.of(
            "bench @/m --device cuda",
            "logits @/m --ids 1 --out @/o --backend cuda",
            "logits @/m --ids-file @/missing --out @/o",
            "logits @/m --ids-file @/empty --out @/o",
            "logits @/m --ids-file @/text --out @/o",
            "logits @/m --ids-file @ --out @/o",
            "logits @/m --ids-file @/empty-array --out @/o",
            "logits @/m --ids-file @/null --out @/o",
            "logits @/m --ids 1 --out @/text",
            "logits @/m --ids 1 --out @",
            "logits @/m --ids 1 --out @/text/o",
            "tokenize @/m --file @/missing",
            "tokenize @/m --file @",
            "tokenize @/m --file @/bytes",
            "generate @/m --prompt-file @/missing",
            "generate @/m --prompt-file @",
            "generate @/m --prompt-file @/bytes",
            "generate @/m --prompt x --device cuda",
            "eval ppl @/m --data @/missing",
            "eval ppl @/m --data @",
            "eval ppl @/m --data @/empty",
            "eval ppl @/m --data @/text --data @/empty",
            "eval ppl @/m --data @/bytes",
            "convert @/m --out @/text",
            "convert @/m --out @/text/o",
            "convert @/m --out @",
            "pretrain --out @/text --steps 1 --layers 1",
            "score @/m --out @/o --ids-file @/missing",
            "score @/m --out @/text --criterion l2",
            "random @/config.json --out @/o",
            "random @/text --out @/o",
            "random @/m --out @/text",
            "prune @/m --out @/o --ids-file @/missing",
            "prune @/m --out @/o --ids-file @/text",
            "prune @/m --out @/o --ids-file @/empty-array",
            "prune @/m --out @/o --calibration @/missing",
            "prune @/m --out @/o --criterion l2 --device cuda",
            "prune @/m --out @/text --criterion l2",
            "compact @/m --plan @/missing --out @/o",
            "compact @/m --plan @/text --out @/o",
            "compact @/m --plan @/config.json --out @/o",
            "demo --out @/text",
            "run @/m --out @/text --criterion l2 --data @/text",
            "run @/m --out @/o --criterion l2 --data @/missing",
            "run @/m --out @/o --criterion l2 --data @/text --eval @/missing",
            "run @/m --out @/o --calibration @/missing --data @/text",
            "report @/m --out @/o",
            "report @/missing --out @/o",
            "report @/text --out @/o",
            "report @ --out @/text",
            "tune @/m --data @/missing --out @/o",
            "tune @/m --data @/text --out @/text",
            "tune @/m --data @/text --out @/o --resume",
            "tune @/m --data @/text --out @/o",
            "groups @/config.json",
            "info @/config.json");

    @TempDir
    private Path folder;

    @TestFactory
    Stream<DynamicTest> wrongUsage() {
        return WRONG_USAGE.stream()
                .map(line ->
                        DynamicTest.dynamicTest("engine " + line, () -> Refusal.of(folder, Refusal.WRONG_USAGE, line)));
    }

    @TestFactory
    Stream<DynamicTest> failures() throws IOException {
        Files.createDirectory(folder.resolve("m"));
        Files.writeString(folder.resolve("text"), "no JSON\n");
        Files.writeString(folder.resolve("empty-array"), "[]");
        Files.writeString(folder.resolve("null"), "null");
        Files.createFile(folder.resolve("empty"));
        Files.write(folder.resolve("bytes"), new byte[] {'a', (byte) 0xe4, '\n'});
        Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"llama\", \"hidden_size\": -5}");
        return FAILURES.stream()
                .map(line -> DynamicTest.dynamicTest("engine " + line, () -> Refusal.of(folder, Refusal.FAILED, line)));
    }

    @Test
    void unreadableModelIsAFailure() throws IOException {
        Path file = Files.writeString(folder.resolve("closed.gguf"), "GGUF");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("---------"));
        assumeFalse(Files.isReadable(file), "the user of these tests may read every file");
        Refusal.of(folder, Refusal.FAILED, "info " + file);
    }

    @Test
    void stackTraceIsShownOnRequestOnly() {
        Ran ran = Ran.engine("info", "--verbose", folder.resolve("missing").toString());
        assertEquals(Refusal.FAILED, ran.status());
        assertEquals(1, ran.err().lines().filter(l -> l.startsWith("engine: ")).count());
        assertTrue(ran.err().contains("\tat org.espalier."), ran.err());
    }
}
