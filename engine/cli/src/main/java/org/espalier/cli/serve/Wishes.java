package org.espalier.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.LongSupplier;
import org.espalier.job.GenerateSettings;
import org.espalier.job.serve.Question;

/**
 * What completions and conversations are asked for in the same way.
 *
 * @param how          temperature, limits of drawing and seed of the first answer to each prompt
 * @param copies       answers to each prompt; the seed of each is one above that of the one before
 * @param stops        strings before which an answer ends
 * @param streamed     whether pieces are sent as they are written
 * @param usageAtEnd   whether a stream ends with the numbers of tokens
 */
record Wishes(GenerateSettings how, int copies, List<String> stops, boolean streamed, boolean usageAtEnd) {

    /** Likeliest tokens that can be asked for beside each. */
    static final int MOST_ALTERNATIVES = 20;

    private static final int MOST_COPIES = 128;
    private static final int MOST_STOPS = 16;
    private static final int LONGEST_STOP = 1000;
    private static final double HOTTEST = 100;
    /** OpenAI's, where none is given. */
    private static final double TEMPERATURE = 1;

    /** @param seeds gives a seed where the request has none */
    static Wishes of(Parameters parameters, LongSupplier seeds) {
        GenerateSettings how = GenerateSettings.defaults()
                .temperature(parameters.number("temperature", 0, true, HOTTEST).orElse(TEMPERATURE))
                .topP(parameters.number("top_p", 0, false, 1).orElse(1))
                .topK(parameters.whole("top_k", 0, Integer.MAX_VALUE).orElse(0))
                .seed(parameters.seed("seed").orElseGet(seeds));
        boolean streamed = parameters.flag("stream");
        Wishes wishes = new Wishes(
                how,
                parameters.whole("n", 1, MOST_COPIES).orElse(1),
                parameters.value("stop").map(Wishes::stops).orElse(List.of()),
                streamed,
                usageAtEnd(parameters, streamed));
        for (String penalty : List.of("frequency_penalty", "presence_penalty", "logit_bias")) {
            parameters.requireNothing(penalty, "leave it out, logits are taken as the model gives them");
        }
        parameters.ignore("user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key");
        return wishes;
    }

    private static List<String> stops(JsonNode value) {
        List<JsonNode> given = new ArrayList<>();
        if (value.isArray()) {
            value.forEach(given::add);
        } else {
            given.add(value);
        }
        Parameters.require(
                given.size() <= MOST_STOPS
                        && given.stream()
                                .allMatch(stop -> stop.isTextual()
                                        && !stop.textValue().isEmpty()
                                        && stop.textValue().length() <= LONGEST_STOP),
                "stop",
                "a string or a list of at most " + MOST_STOPS + ", each of 1 to " + LONGEST_STOP + " characters");
        return given.stream().map(JsonNode::textValue).toList();
    }

    private static boolean usageAtEnd(Parameters parameters, boolean streamed) {
        Optional<Parameters> options = parameters.inside("stream_options");
        if (options.isPresent() && !streamed) {
            throw ApiError.invalid("stream_options", "'stream_options' goes with 'stream': true");
        }
        return options.map(inside -> {
                    boolean usage = inside.flag("include_usage");
                    inside.ignore("include_obfuscation");
                    inside.requireNoOthers();
                    return usage;
                })
                .orElse(false);
    }

    /** The questions of one prompt, one for each copy. */
    List<Question> questions(int[] prompt, int most, OptionalInt alternatives, Optional<String> echo) {
        List<Question> questions = new ArrayList<>();
        for (int copy = 0; copy < copies; copy++) {
            questions.add(new Question(prompt, most, how.seed(how.seed() + copy), alternatives, stops, echo));
        }
        return questions;
    }
}
