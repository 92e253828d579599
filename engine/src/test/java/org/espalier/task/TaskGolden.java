package org.espalier.task;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.espalier.Shared;

/** What two versions of lm-evaluation-harness made of records, question by question. */
public final class TaskGolden {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private TaskGolden() {}

    /** The recorded questions of a file, one JSON object each. */
    public static List<JsonNode> read(String file) {
        Path path = Shared.path("golden/lm-eval/" + file);
        try (InputStream bytes = Files.newInputStream(path);
                InputStream plain = file.endsWith(".gz") ? new GZIPInputStream(bytes) : bytes;
                BufferedReader lines = new BufferedReader(new InputStreamReader(plain, StandardCharsets.UTF_8))) {
            List<JsonNode> questions = new ArrayList<>();
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                questions.add(MAPPER.readTree(line));
            }
            return questions;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Our questions of the same records, by task. */
    public static Map<String, List<Question>> ours(List<JsonNode> recorded, Harness harness) {
        Map<String, Integer> most = new HashMap<>();
        recorded.forEach(q -> most.merge(q.get("task").asText(), q.get("index").asInt() + 1, Math::max));
        Map<String, List<Question>> ours = new HashMap<>();
        most.forEach((task, count) -> ours.put(task, Tasks.named(task, harness).questions(Shared.path("data"), count)));
        return ours;
    }
}
