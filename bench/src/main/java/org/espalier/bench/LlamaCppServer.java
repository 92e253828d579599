package org.espalier.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.espalier.llamacpp.LlamaCpp;

/**
 * Times reading and writing in llama.cpp, of the build that {@code de.kherud:llama} has inside, as {@link SpeedServer} does here:
 * each line of stdin names a test such as {@code pp512} or {@code tg128}. That build has AVX2 and no AVX-512. Arguments: a GGUF
 * file, threads.
 */
public final class LlamaCppServer {

    private static final Pattern TEST = Pattern.compile("(pp|tg)([1-9][0-9]{0,4})");

    private LlamaCppServer() {}

    /** Serves until stdin ends. */
    public static void main(String[] args) throws IOException {
        if (args.length != 2) {
            System.err.println("usage: LlamaCppServer MODEL THREADS");
            System.exit(2);
        }
        ObjectMapper json = new ObjectMapper();
        int threads = Integer.parseInt(args[1]);
        Map<Integer, LlamaCpp.Text> texts = new HashMap<>();
        try (LlamaCpp model = LlamaCpp.open(Path.of(args[0]))) {
            System.out.println(json.writeValueAsString(Map.of("ready", true, "peer", "llama.cpp b4916 (AVX2)")));
            BufferedReader tests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String test = tests.readLine(); test != null; test = tests.readLine()) {
                Matcher parts = TEST.matcher(test.strip());
                if (!parts.matches()) {
                    throw new IllegalArgumentException("no such test: " + test);
                }
                int tokens = Integer.parseInt(parts.group(2));
                LlamaCpp.Text text = texts.computeIfAbsent(tokens, t -> model.text(t, threads));
                System.out.println(json.writeValueAsString(sample(model, text, parts.group(1), tokens)));
            }
            texts.values().forEach(LlamaCpp.Text::close);
        }
    }

    private static Map<String, Object> sample(LlamaCpp model, LlamaCpp.Text text, String kind, int tokens) {
        text.clear();
        long start = System.nanoTime();
        int last = kind.equals("pp")
                ? text.next(SpeedServer.ids(tokens, model.vocabulary()))
                : write(text, SpeedServer.ids(1, model.vocabulary())[0], tokens);
        double seconds = (System.nanoTime() - start) / 1e9;
        return Map.of("test", kind + tokens, "seconds", seconds, "tokens_per_second", tokens / seconds, "last", last);
    }

    private static int write(LlamaCpp.Text text, int first, int tokens) {
        int token = first;
        for (int i = 0; i < tokens; i++) {
            token = text.next(token);
        }
        return token;
    }
}
