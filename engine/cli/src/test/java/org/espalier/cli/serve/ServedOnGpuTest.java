package org.espalier.cli.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import org.espalier.backend.cuda.StandIn;
import org.espalier.job.ComputeSettings;
import org.espalier.job.ComputeSettings.Device;
import org.espalier.job.Engine;
import org.espalier.job.Listener;
import org.espalier.job.ServeSettings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The same answers from a GPU, or what stands in for one. */
@SuppressWarnings("InlineFormatString") // a request reads better whole
@ExtendWith(StandIn.class)
class ServedOnGpuTest {

    private static final String BODY = "{'prompt': ['the fox', 'the old dog saw'], 'max_tokens': 4, 'temperature': %s, "
            + "'seed': 5, 'logprobs': 1, 'echo': true}";

    @TempDir
    private Path folder;

    @Test
    void answersAreThoseOfTheCpu() throws IOException {
        Path model = ServedModel.write(folder.resolve("small"));
        for (String temperature : new String[] {"0", "0.8"}) {
            JsonNode expected = choices(Device.CPU, model, temperature);
            JsonNode given = choices(Device.CUDA, model, temperature);
            for (int i = 0; i < 2; i++) {
                assertEquals(expected.at("/" + i + "/text"), given.at("/" + i + "/text"));
                JsonNode scores = expected.at("/" + i + "/logprobs/token_logprobs");
                for (int t = 1; t < scores.size(); t++) {
                    assertEquals(
                            scores.get(t).asDouble(),
                            given.at("/" + i + "/logprobs/token_logprobs/" + t).asDouble(),
                            1e-4);
                }
            }
        }
    }

    private static JsonNode choices(Device device, Path model, String temperature) throws IOException {
        Engine engine = new Engine(ComputeSettings.defaults().device(device), Listener.NONE);
        ServeSettings brief = ServeSettings.defaults().context(32).together(2);
        try (ServedModel served =
                new ServedModel(engine, model, brief, ApiKeys.none(), HttpServer.Limits.ofBody(10_000))) {
            return served.answer("/v1/completions", BODY.formatted(temperature)).get("choices");
        }
    }
}
