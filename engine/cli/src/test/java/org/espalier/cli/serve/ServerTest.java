package org.espalier.cli.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.espalier.Golden;
import org.espalier.format.SafetensorsFile;
import org.espalier.job.Destination;
import org.espalier.job.Engine;
import org.espalier.job.GenerateJob;
import org.espalier.job.GenerateSettings;
import org.espalier.job.LogitsJob;
import org.espalier.job.TokenizeJob;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What clients get that ask for what there is. */
class ServerTest {

    private static final String COMPLETIONS = "/v1/completions";
    private static final String CHAT = "/v1/chat/completions";
    private static final String PROMPT = "the fox ran to the";

    @TempDir
    private Path folder;

    private Path model;
    private ServedModel served;

    @BeforeEach
    void serve() throws IOException {
        model = ServedModel.write(folder.resolve("small"));
        served = ServedModel.of(model);
    }

    @AfterEach
    void close() {
        served.close();
    }

    private GenerateJob.Result generated(String prompt, GenerateSettings settings) {
        return new GenerateJob(Engine.silent(), settings).run(model, Optional.empty(), prompt, _ -> {});
    }

    private static String text(JsonNode answer) {
        return answer.at("/choices/0/text").asText();
    }

    @Test
    void modelsAreListedByName() throws IOException {
        JsonNode models = ServedModel.json(
                served.send(served.request("/v1/models").GET().build()).body());
        assertEquals("small", models.at("/data/0/id").asText());
        assertEquals(
                models.at("/data/0"),
                ServedModel.json(
                        served.send(served.request("/v1/models/small").GET().build())
                                .body()));
        assertEquals(
                404,
                served.send(served.request("/v1/models/large").GET().build()).statusCode());
    }

    @Test
    void likeliestTokensAreThoseOfGenerate() throws IOException {
        GenerateJob.Result expected =
                generated(PROMPT, GenerateSettings.defaults().maxTokens(30));
        JsonNode answer = served.answer(
                COMPLETIONS,
                "{'model': 'small', 'prompt': '%s', 'max_tokens': 30, 'temperature': 0}".formatted(PROMPT));
        assertEquals(expected.text(), text(answer));
        assertEquals(
                expected.stopped() ? "stop" : "length",
                answer.at("/choices/0/finish_reason").asText());
        assertTrue(answer.at("/choices/0/logprobs").isNull());
        assertEquals("text_completion", answer.get("object").asText());
        int written = expected.ids().length + (expected.stopped() ? 1 : 0);
        assertEquals(
                expected.promptIds().length, answer.at("/usage/prompt_tokens").asInt());
        assertEquals(written, answer.at("/usage/completion_tokens").asInt());
        assertEquals(
                expected.promptIds().length + written,
                answer.at("/usage/total_tokens").asInt());
    }

    @Test
    void drawnTokensAreThoseOfGenerateWithTheSameSeed() throws IOException {
        GenerateSettings settings = GenerateSettings.defaults()
                .maxTokens(40)
                .temperature(1.1)
                .topP(0.95)
                .topK(50);
        String body =
                "{'prompt': '%s', 'max_tokens': 40, 'temperature': 1.1, 'top_p': 0.95, 'top_k': 50, 'n': 2, 'seed': 7}"
                        .formatted(PROMPT);
        JsonNode answer = served.answer(COMPLETIONS, body);
        assertEquals(generated(PROMPT, settings.seed(7)).text(), text(answer));
        assertEquals(
                generated(PROMPT, settings.seed(8)).text(),
                answer.at("/choices/1/text").asText());
        assertNotEquals(text(answer), answer.at("/choices/1/text").asText());
        assertEquals(text(answer), text(served.answer(COMPLETIONS, body)));
    }

    @Test
    void requestsWithoutASeedDiffer() throws IOException {
        String body = "{'prompt': '%s', 'max_tokens': 60, 'temperature': 1.5}".formatted(PROMPT);
        assertNotEquals(text(served.answer(COMPLETIONS, body)), text(served.answer(COMPLETIONS, body)));
    }

    @Test
    void streamedPiecesMakeTheWholeText() throws IOException {
        String body = "{'prompt': '%s', 'max_tokens': 30, 'temperature': 0, 'logprobs': 1%s}";
        JsonNode whole = served.answer(COMPLETIONS, body.formatted(PROMPT, ""));
        List<JsonNode> events = served.events(
                COMPLETIONS, body.formatted(PROMPT, ", 'stream': true, 'stream_options': {'include_usage': true}"));
        assertEquals(whole.get("usage"), events.getLast().get("usage"));
        assertTrue(events.getLast().get("choices").isEmpty());
        List<JsonNode> choices = events.subList(0, events.size() - 1).stream()
                .map(event -> event.at("/choices/0"))
                .toList();
        assertTrue(choices.size() > 10, "only " + choices.size() + " pieces");
        assertEquals(
                text(whole),
                choices.stream().map(choice -> choice.get("text").asText()).collect(Collectors.joining()));
        assertEquals(whole.at("/choices/0/finish_reason"), choices.getLast().get("finish_reason"));
        for (String list : List.of("tokens", "token_logprobs", "top_logprobs", "text_offset")) {
            List<JsonNode> together = new ArrayList<>();
            choices.forEach(choice -> choice.at("/logprobs/" + list).forEach(together::add));
            List<JsonNode> expected = new ArrayList<>();
            whole.at("/choices/0/logprobs/" + list).forEach(expected::add);
            assertEquals(expected, together, list);
        }
        assertEquals(1, events.stream().map(event -> event.get("id")).distinct().count());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void answerEndsBeforeAStopStringThatLiesAcrossTokens(boolean streamed) throws IOException {
        String whole =
                generated(PROMPT, GenerateSettings.defaults().maxTokens(30)).text();
        // From within one word into the next.
        int from = whole.indexOf(' ', whole.length() / 3) - 2;
        String stop = whole.substring(from, from + 5);
        String expected = whole.substring(0, whole.indexOf(stop));
        String body = ("{'prompt': '%s', 'max_tokens': 30, 'temperature': 0, 'stop': ['never', '%s'], 'stream': "
                        + streamed + "}")
                .formatted(PROMPT, stop);
        if (streamed) {
            List<JsonNode> events = served.events(COMPLETIONS, body);
            assertEquals(expected, events.stream().map(ServerTest::text).collect(Collectors.joining()));
            assertEquals("stop", events.getLast().at("/choices/0/finish_reason").asText());
        } else {
            JsonNode answer = served.answer(COMPLETIONS, body);
            assertEquals(expected, text(answer));
            assertEquals("stop", answer.at("/choices/0/finish_reason").asText());
        }
    }

    /** lm-evaluation-harness asks like that, and reads what lies between the context and the last token. */
    @Test
    void echoedTokensHaveTheProbabilitiesThatLogitsGive() throws IOException {
        int[] ids = new TokenizeJob(true)
                .run(model, "the fox ran to the big red house")
                .ids();
        Path file = folder.resolve("logits.safetensors");
        new LogitsJob(Engine.silent()).run(model, Optional.empty(), ids, Destination.at(file));
        int[] shorter = Arrays.copyOf(ids, ids.length - 2);
        JsonNode answer = served.answer(
                COMPLETIONS,
                "{'prompt': [%s, %s], 'echo': true, 'max_tokens': 1, 'logprobs': 1, 'temperature': 0, 'seed': 1234}"
                        .formatted(Arrays.toString(ids), Arrays.toString(shorter)));
        try (SafetensorsFile stored = SafetensorsFile.open(file)) {
            double[] logits = Golden.doubles(stored, "logits");
            int vocab = logits.length / ids.length;
            for (int choice = 0; choice < 2; choice++) {
                int count = ids.length - 2 * choice;
                JsonNode logprobs = answer.at("/choices/" + choice + "/logprobs");
                assertEquals(choice, answer.at("/choices/" + choice + "/index").asInt());
                assertEquals(count + 1, logprobs.get("token_logprobs").size());
                assertTrue(logprobs.at("/token_logprobs/0").isNull());
                for (int t = 1; t < count; t++) {
                    double expected = logProbability(logits, (t - 1) * vocab, vocab, ids[t]);
                    assertEquals(expected, logprobs.at("/token_logprobs/" + t).asDouble(), 1e-5, "token " + t);
                    assertLargest(logits, (t - 1) * vocab, vocab, logprobs.at("/top_logprobs/" + t));
                }
            }
        }
        assertTrue(text(answer).startsWith("the fox ran to the big red house"), text(answer));
    }

    private static void assertLargest(double[] logits, int from, int vocab, JsonNode likeliest) {
        int best = IntStream.range(0, vocab)
                .reduce((a, b) -> logits[from + b] > logits[from + a] ? b : a)
                .orElseThrow();
        double largest =
                likeliest.valueStream().mapToDouble(JsonNode::asDouble).max().orElseThrow();
        assertEquals(logProbability(logits, from, vocab, best), largest, 1e-5);
    }

    private static double logProbability(double[] logits, int from, int vocab, int id) {
        double sum = IntStream.range(0, vocab)
                .mapToDouble(v -> Math.exp(logits[from + v]))
                .sum();
        return logits[from + id] - Math.log(sum);
    }

    @Test
    void promptAloneIsEchoedWithoutNewTokens() throws IOException {
        String body = "{'prompt': '%s', 'echo': true, 'max_tokens': 0%s}";
        JsonNode plain = served.answer(COMPLETIONS, body.formatted(PROMPT, ""));
        assertEquals(PROMPT, text(plain));
        assertEquals("length", plain.at("/choices/0/finish_reason").asText());
        JsonNode scored = served.answer(COMPLETIONS, body.formatted(PROMPT, ", 'logprobs': 3"));
        int tokens = scored.at("/usage/prompt_tokens").asInt();
        assertEquals(0, scored.at("/usage/completion_tokens").asInt());
        assertEquals(tokens, scored.at("/choices/0/logprobs/tokens").size());
        assertTrue(scored.at("/choices/0/logprobs/top_logprobs/1").size() >= 3);
        // One token alone has nothing before it that could tell how likely it was.
        JsonNode single = served.answer(
                COMPLETIONS, body.formatted("a", ", 'logprobs': 0").replace("'a'", "[5]"));
        assertEquals("[null]", single.at("/choices/0/logprobs/token_logprobs").toString());
    }

    @Test
    void offsetsTellWhereTokensBegin() throws IOException {
        JsonNode answer = served.answer(
                COMPLETIONS,
                "{'prompt': '%s', 'echo': true, 'max_tokens': 12, 'logprobs': 0, 'temperature': 0}".formatted(PROMPT));
        JsonNode logprobs = answer.at("/choices/0/logprobs");
        String text = text(answer);
        for (int t = 0; t < logprobs.get("tokens").size(); t++) {
            String token = logprobs.get("tokens").get(t).asText();
            int offset = logprobs.get("text_offset").get(t).asInt();
            if (!token.startsWith("<")) {
                String there = text.substring(offset);
                assertTrue(
                        there.startsWith(token) || there.startsWith(token.strip()),
                        t + ": '" + token + "' in '" + there + "'");
            }
        }
    }

    /** Eight at once, of different lengths, some drawn: each as if it were alone. */
    @Test
    void requestsTogetherGetTheTextsThatTheyGetAlone() throws Exception {
        List<String> bodies = IntStream.range(0, 8)
                .mapToObj(i -> "{'prompt': '%s', 'max_tokens': %d, 'temperature': %s, 'seed': %d}"
                        .formatted(PROMPT.substring(0, 7 + i), 20 + 5 * i, i % 2 == 0 ? "0" : "0.9", i))
                .toList();
        List<String> expected = new ArrayList<>();
        for (String body : bodies) {
            expected.add(text(served.answer(COMPLETIONS, body)));
        }
        try (ExecutorService clients = Executors.newFixedThreadPool(8)) {
            List<Future<String>> texts = bodies.stream()
                    .map(body -> clients.submit(() -> text(served.answer(COMPLETIONS, body))))
                    .toList();
            for (int i = 0; i < texts.size(); i++) {
                assertEquals(expected.get(i), texts.get(i).get(), bodies.get(i));
            }
        }
        // The same in one request: texts and ids.
        JsonNode several = served.answer(
                COMPLETIONS, "{'prompt': ['the fox', 'the dog saw'], 'max_tokens': 20, 'temperature': 0}");
        assertEquals(expected.getFirst(), text(several));
        assertEquals(1, several.at("/choices/1/index").asInt());
    }

    @Test
    void conversationIsPutIntoTheModelsTemplate() throws IOException {
        String body = "{'messages': [{'role': 'user', 'content': 'the fox'}], 'max_tokens': 25, 'temperature': 0%s}";
        GenerateJob.Result expected =
                generated("the fox", GenerateSettings.defaults().maxTokens(25).chat(true));
        JsonNode answer = served.answer(CHAT, body.formatted(", 'logprobs': true, 'top_logprobs': 2"));
        assertEquals(expected.text(), answer.at("/choices/0/message/content").asText());
        assertEquals("assistant", answer.at("/choices/0/message/role").asText());
        assertEquals("chat.completion", answer.get("object").asText());
        assertEquals(
                expected.promptIds().length, answer.at("/usage/prompt_tokens").asInt());
        JsonNode first = answer.at("/choices/0/logprobs/content/0");
        assertEquals(2, first.get("top_logprobs").size());
        assertEquals(first.get("logprob"), first.at("/top_logprobs/0/logprob"));
        List<JsonNode> events = served.events(CHAT, body.formatted(", 'stream': true"));
        assertEquals("assistant", events.getFirst().at("/choices/0/delta/role").asText());
        assertEquals(
                expected.text(),
                events.stream()
                        .map(event -> event.at("/choices/0/delta/content").asText())
                        .collect(Collectors.joining()));
        assertEquals("chat.completion.chunk", events.getFirst().get("object").asText());
        assertEquals(answer.at("/choices/0/finish_reason"), events.getLast().at("/choices/0/finish_reason"));
        JsonNode parts = served.answer(
                CHAT,
                body.formatted("")
                        .replace("'the fox'", "[{'type': 'text', 'text': 'the '}, {'type': 'text', 'text': 'fox'}]"));
        assertEquals(expected.text(), parts.at("/choices/0/message/content").asText());
    }
}
