package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.espalier.Golden;
import org.espalier.Shared;
import org.espalier.backend.cuda.StandIn;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GenerateCommandTest {

    private static final String STORY =
            ", there was a little girl named Lily. She loved to play outside in the park. One day, "
                    + "she saw a big, red ball.";

    @TempDir
    private Path folder;

    private static JsonNode json(String... arguments) throws IOException {
        String[] line = Arrays.copyOf(arguments, arguments.length + 1);
        line[arguments.length] = "--json";
        return new ObjectMapper().readTree(Ran.engine(line).output());
    }

    @Test
    void storyIsThePublishedOneAsTextAndAsJson() throws IOException {
        String model = Shared.path("models/stories260K").toString();
        String text = Ran.engine("generate", model, "--prompt", "Once upon a time", "--max-tokens", "60")
                .output();
        assertTrue(text.startsWith(STORY), text);
        JsonNode json = json("generate", model, "--prompt", "Once upon a time", "--max-tokens", "60");
        assertEquals(text.strip(), json.get("text").asText().strip());
        assertEquals("[1,403,407,261,378]", json.get("prompt_ids").toString());
        assertEquals(60, json.get("ids").size());
        assertEquals("length", json.get("finish").asText());
        assertTrue(json.get("prefill_tokens_per_second").asDouble() > 0);
        assertTrue(json.get("decode_tokens_per_second").asDouble() > 0);
    }

    /** Stops where the recorded run, which did not stop, wrote its first end token. */
    @Test
    void endTokenStopsAndIsLeftOut() throws IOException {
        String model = Shared.path("models/smollm2-135m").toString();
        JsonNode golden = Golden.json(Shared.path("golden/smollm2/greedy.json"));
        JsonNode stopping = golden.findParents("first_eos").stream()
                .filter(g -> g.get("first_eos").isInt())
                .findFirst()
                .orElseThrow();
        int end = stopping.get("first_eos").asInt();
        Path prompt = Files.writeString(
                folder.resolve("prompt"), stopping.get("prompt").asText());
        JsonNode json = json("generate", model, "--prompt-file", prompt.toString(), "--max-tokens", "64");
        assertEquals(stopping.get("ids_in"), json.get("prompt_ids"));
        assertEquals(end, json.get("ids").size());
        for (int i = 0; i < end; i++) {
            assertEquals(stopping.get("ids_out").get(i), json.get("ids").get(i));
        }
        assertEquals("stop", json.get("finish").asText());
    }

    @Test
    void chatPutsThePromptIntoTheTemplate() throws IOException {
        String model = Shared.path("models/smollm2-135m").toString();
        JsonNode json = json("generate", model, "--chat", "--prompt", "Hello", "--max-tokens", "1");
        String templated = "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face"
                + "<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n";
        assertEquals(json("tokenize", model, "--text", templated).get("ids"), json.get("prompt_ids"));
    }

    /** A driver that makes no graphs is slower, which is said to those who ask. */
    @Test
    void verboseSaysWhyATokenWasNotLaunchedAsOneGraph() {
        String model = Shared.path("models/stories260K").toString();
        StandIn.requireItself();
        StandIn.set("graphs", 0);
        String[] line = {"generate", model, "--prompt", "Once", "--max-tokens", "4", "--device", "cuda", "--verbose"};
        Ran ran = Ran.engine(line);
        assertTrue(ran.output().startsWith(" upon a time"), ran.output());
        assertTrue(
                ran.err()
                        .contains(
                                "engine: the work of a token was not launched as one graph: CUDA_ERROR_NOT_SUPPORTED"),
                ran.err());
        line[line.length - 1] = "--json";
        assertEquals("", Ran.engine(line).err());
    }

    @Test
    void equalSeedsDrawEqualTokens() throws IOException {
        String[] line = {
            "generate",
            Shared.path("models/stories260K").toString(),
            "--prompt",
            "The",
            "--max-tokens",
            "30",
            "--temperature",
            "1.5",
            "--top-k",
            "100",
            "--top-p",
            "0.95",
            "--seed",
            "7"
        };
        JsonNode first = json(line).get("ids");
        assertEquals(first, json(line).get("ids"));
        line[line.length - 1] = "8";
        assertNotEquals(first, json(line).get("ids"));
    }

    @Test
    void moreThanTheContextHoldsIsAFailure() {
        String model = Shared.path("models/stories260K").toString();
        String printed = Ran.engine("generate", model, "--prompt", "x", "--max-tokens", "2147483647")
                .failure(1);
        assertTrue(printed.contains("context of 512"), printed);
    }

    @Test
    void promptWithoutTokensIsAFailure() {
        String model = Shared.path("models/smollm2-135m").toString();
        Ran.engine("generate", model, "--prompt", "").failure(1);
    }

    @Test
    void modelWithoutChatTemplateSaysSo() {
        String model = Shared.path("models/stories260K").toString();
        assertTrue(Ran.engine("generate", model, "--chat", "--prompt", "Hello")
                .failure(1)
                .contains("chat template"));
    }

    @Test
    void manyTextsAreWrittenAsLinesAndAsPlainText() throws IOException {
        String model = Shared.path("models/stories260K").toString();
        Path lines = folder.resolve("texts.jsonl");
        JsonNode json = json("generate", model, "--texts", "5", "--max-tokens", "20", "--out", lines.toString());
        assertEquals(5, json.get("texts").asInt());
        assertEquals(100, json.get("tokens").asInt());
        List<String> texts = new ArrayList<>();
        for (String line : Files.readAllLines(lines)) {
            texts.add(new ObjectMapper().readTree(line).get("text").asText());
        }
        assertEquals(5, texts.stream().distinct().count());

        Path plain = folder.resolve("texts.txt");
        Ran.engine("generate", model, "--texts", "5", "--max-tokens", "20", "--out", plain.toString());
        assertEquals(
                texts.stream().map(text -> text + "\n<|endoftext|>\n").collect(Collectors.joining()),
                Files.readString(plain));
        Ran.engine(
                "generate",
                model,
                "--texts",
                "5",
                "--max-tokens",
                "20",
                "--seed",
                "7",
                "--out",
                plain.toString(),
                "--force");
        assertFalse(Files.readString(plain).startsWith(texts.getFirst()));
    }

    @Test
    void beginningsOfAFileAreContinuedInTurns() throws IOException {
        Path prefixes = Files.writeString(folder.resolve("prefixes"), "Lily and\n\nThe dog\n");
        Path out = folder.resolve("out.txt");
        String model = Shared.path("models/stories260K").toString();
        Ran.engine(
                "generate",
                model,
                "--prefixes",
                prefixes.toString(),
                "--texts",
                "3",
                "--max-tokens",
                "30",
                "--out",
                out.toString());
        String[] texts = Files.readString(out).split("\n<\\|endoftext\\|>\n");
        assertEquals(3, texts.length);
        assertTrue(
                texts[0].startsWith("Lily and") && texts[1].startsWith("The dog") && texts[2].startsWith("Lily and"));
        assertNotEquals(texts[0], texts[2]);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--out OUT | 2 | give beginnings with --prefixes FILE, or a number of texts with --texts N",
                "--out OUT --texts 2 --chat | 2 | do not go with --out",
                "--out OUT --texts 2 --top-k 5 | 2 | do not go with --out",
                "--out OUT --texts 2 --temperature 0 | 2 | is above 0",
                "--out OUT --texts 2 --prompt a | 2 | expected only one match",
                "--out OUT --prefixes EMPTY | 1 | file holds no prompts",
                "--out OUT --texts 2 --max-tokens 100000 | 1 | do not fit the model's context",
                "--out EMPTY --texts 2 | 1 | output exists"
            })
    void whatManyTextsCannotBeIsRefused(String row) throws IOException {
        Path empty = Files.writeString(folder.resolve("empty"), "\n");
        Path out = folder.resolve("out");
        String[] parts = row.split(" \\| ");
        List<String> line = new ArrayList<>(
                List.of("generate", Shared.path("models/stories260K").toString()));
        Stream.of(parts[0].split(" "))
                .map(word -> word.replace("OUT", out.toString()).replace("EMPTY", empty.toString()))
                .forEach(line::add);
        String failure = Ran.engine(line.toArray(String[]::new)).failure(Integer.parseInt(parts[1]));
        assertTrue(failure.contains(parts[2]), failure);
        assertFalse(Files.exists(out));
    }
}
