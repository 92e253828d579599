package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.espalier.Shared;
import org.espalier.llamacpp.LlamaCpp;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The recipes of the README, line by line, in one folder. */
class RecipesTest {

    private static final String START = "    $ tools/engine ";
    private static final Set<String> PLACES = Set.of(
            "my-model",
            "texts.txt",
            "pruned",
            "adapter",
            "recovered",
            "recovered.gguf",
            "pruned.gguf",
            "adapter.gguf",
            "uniform",
            "uniform-int8");
    private static final Pattern WORD = Pattern.compile("'([^']*)'|(\\S+)");

    @TempDir
    private Path folder;

    @Test
    void everyRecipeWorks() throws Exception {
        List<List<String>> recipes = recipes();
        assertEquals(10, recipes.size());
        Files.createSymbolicLink(folder.resolve("my-model"), Shared.path("models/stories260K"));
        List<String> stories = Files.readAllLines(Shared.path("data/tinystories/recovery.txt"));
        Files.write(folder.resolve("texts.txt"), stories.subList(0, 600));
        for (List<String> recipe : recipes) {
            if (recipe.getFirst().equals("serve")) {
                assertTrue(served(recipe).contains("\"text\":"));
            } else {
                Ran.engine(recipe.toArray(String[]::new)).output();
            }
        }
        requireLlamaCpp();
        assertTrue(Files.readString(folder.resolve("uniform/config.json")).contains("LlamaForCausalLM"));
        assertTrue(!Files.readString(folder.resolve("uniform/config.json")).contains("per_layer_config"));
    }

    /** It opens the files, and computes with the adapter what it does of the merged model, but for the 8 bits of the weights. */
    private void requireLlamaCpp() {
        int[] ids = new Random(1).ints(20, 3, 512).toArray();
        assertEquals(512, logits("recovered.gguf", ids)[0].length);
        String merged = folder.resolve("merged.gguf").toString();
        Ran.engine("convert", folder.resolve("recovered").toString(), "--dtype", "q8_0", "--out", merged)
                .output();
        float[][] recovered = logits("merged.gguf", ids);
        try (LlamaCpp llama = LlamaCpp.open(folder.resolve("pruned.gguf"))) {
            double without = distance(llama.logits(ids), recovered);
            double with = distance(llama.with(folder.resolve("adapter.gguf")).logits(ids), recovered);
            assertTrue(with < without, with + " against " + without);
        }
    }

    private float[][] logits(String file, int[] ids) {
        try (LlamaCpp llama = LlamaCpp.open(folder.resolve(file))) {
            return llama.logits(ids);
        }
    }

    private static double distance(float[][] a, float[][] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            for (int k = 0; k < a[i].length; k++) {
                sum += Math.pow(a[i][k] - b[i][k], 2);
            }
        }
        return sum;
    }

    private List<List<String>> recipes() throws IOException {
        String readme = Files.readString(repository().resolve("README.md"));
        String section = readme.substring(readme.indexOf("## Recipes"), readme.indexOf("### What opens where"));
        return section.lines()
                .filter(line -> line.startsWith(START))
                .map(line -> words(line.substring(START.length())))
                .toList();
    }

    private List<String> words(String line) {
        List<String> words = new ArrayList<>();
        Matcher word = WORD.matcher(line);
        while (word.find()) {
            String text = word.group(1) != null ? word.group(1) : word.group(2);
            words.add(PLACES.contains(text) ? folder.resolve(text).toString() : text);
        }
        return words;
    }

    private static Path repository() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.exists(folder.resolve("README.md")) || !Files.exists(folder.resolve("kernels"))) {
            folder = folder.getParent();
        }
        return folder;
    }

    /** What the server answers, which is ended then. */
    private String served(List<String> recipe) throws Exception {
        List<String> line = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        line.addAll(recipe);
        Process process = new ProcessBuilder(line)
                .redirectError(folder.resolve("said").toFile())
                .start();
        try (BufferedReader out = process.inputReader();
                HttpClient client = HttpClient.newHttpClient()) {
            String listening = out.readLine();
            assertTrue(listening != null, Files.readString(folder.resolve("said")));
            URI url = URI.create(listening.substring("listening on ".length()));
            HttpResponse<String> answer = client.send(
                    HttpRequest.newBuilder(url.resolve("/v1/completions"))
                            .header("Content-Type", "application/json")
                            .POST(BodyPublishers.ofString("{\"prompt\": \"Once upon a time\", \"max_tokens\": 4}"))
                            .build(),
                    BodyHandlers.ofString());
            assertEquals(200, answer.statusCode(), answer.body());
            return answer.body();
        } finally {
            process.destroy();
            assertTrue(process.waitFor(60, TimeUnit.SECONDS), "it goes on");
        }
    }
}
