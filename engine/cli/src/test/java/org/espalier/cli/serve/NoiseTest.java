package org.espalier.cli.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.espalier.job.Engine;
import org.espalier.job.ServeSettings;
import org.espalier.job.serve.CompletionService;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Requests that right ones became by changing some bytes: each is answered once, and none is the server's fault. */
class NoiseTest {

    private static final int REQUESTS = 3000;

    private static final List<String> COMPLETIONS = List.of(
            "{'prompt': 'the fox', 'max_tokens': 2, 'temperature': 0.5, 'top_p': 0.9, 'seed': 12, 'stop': ['a', 'b c']}",
            "{'prompt': [[1, 2, 3], [40, 5]], 'echo': true, 'max_tokens': 0, 'logprobs': 2, 'n': 1, 'stream': false}",
            "{'prompt': ['x', 'y'], 'max_tokens': 1, 'stream': true, 'stream_options': {'include_usage': true}}");

    private static final List<String> CHATS = List.of(
            "{'messages': [{'role': 'user', 'content': 'hello'}], 'max_tokens': 2, 'logprobs': true, 'top_logprobs': 3}",
            "{'messages': [{'role': 'system', 'content': [{'type': 'text', 'text': 'be'}]}], 'max_completion_tokens': 1}");

    @TempDir
    private Path folder;

    @Test
    void everyRequestIsAnsweredOnceAndNoneIsAnInternalError() throws Exception {
        Path model = ServedModel.write(folder.resolve("small"));
        ServeSettings brief = ServeSettings.defaults().context(32).queue(1000);
        Random random = new Random(11);
        int refused = 0;
        try (CompletionService service = CompletionService.open(Engine.silent(), model, Optional.empty(), brief)) {
            Api api = new Api(service, new Api.Served("small", model, ApiKeys.none(), true), 1);
            for (int i = 0; i < REQUESTS; i++) {
                boolean chat = random.nextInt(3) == 0;
                byte[] body = changed(chat ? CHATS : COMPLETIONS, random);
                HeardReply heard = new HeardReply();
                api.answer(request(chat ? "/v1/chat/completions" : "/v1/completions", body), heard);
                String shown = new String(body, StandardCharsets.UTF_8);
                assertTrue(heard.await(60, TimeUnit.SECONDS), () -> "no answer to " + shown);
                assertFalse(heard.status() >= 500, () -> heard.status() + " to " + shown);
                assertEquals(1, heard.ends(), shown);
                refused += heard.status() == 400 ? 1 : 0;
            }
        }
        assertTrue(refused > REQUESTS / 4 && refused < REQUESTS, refused + " were refused");
    }

    private static ApiRequest request(String path, byte[] body) {
        return new ApiRequest("POST", path, Optional.empty(), Optional.of("application/json"), Optional.empty(), body);
    }

    private static byte[] changed(List<String> requests, Random random) throws IOException {
        byte[] body =
                requests.get(random.nextInt(requests.size())).replace('\'', '"').getBytes(StandardCharsets.UTF_8);
        for (int changes = random.nextInt(3); changes > 0; changes--) {
            int place = random.nextInt(body.length);
            body[place] = (byte)
                    (random.nextInt(4) == 0
                            ? random.nextInt(256)
                            : "0123456789-.eE[]{},:\"a ".charAt(random.nextInt(23)));
        }
        return body;
    }
}
