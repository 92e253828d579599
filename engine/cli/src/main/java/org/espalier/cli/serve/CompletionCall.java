package org.espalier.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.LongSupplier;
import org.espalier.error.Printable;
import org.espalier.job.serve.CompletionService;
import org.espalier.job.serve.Question;

/** Reads what {@code /v1/completions} is asked for. */
final class CompletionCall {

    /** OpenAI's, where no number is given. */
    private static final int USUAL_TOKENS = 16;

    private static final int MOST_CHOICES = 1024;

    private final CompletionService service;
    private final LongSupplier seeds;

    CompletionCall(CompletionService service, LongSupplier seeds) {
        this.service = service;
        this.seeds = seeds;
    }

    private record Prompt(int[] ids, Optional<String> text) {}

    Call read(Parameters parameters) {
        Wishes wishes = Wishes.of(parameters, seeds);
        boolean echo = parameters.flag("echo");
        int most = parameters.whole("max_tokens", 0, Integer.MAX_VALUE).orElse(USUAL_TOKENS);
        OptionalInt alternatives = parameters.whole("logprobs", 0, Wishes.MOST_ALTERNATIVES);
        requireOnlyOneTry(parameters, wishes.copies());
        parameters.requireNothing("suffix", "a text can only be continued at its end");
        JsonNode prompt = parameters
                .value("prompt")
                .orElseThrow(() -> ApiError.invalid("prompt", "'prompt' is missing: give the text to continue"));
        parameters.requireNoOthers();
        if (most == 0 && !echo) {
            throw ApiError.invalid("max_tokens", "'max_tokens' of 0 goes with 'echo': true, else there is no answer");
        }
        return call(wishes, prompts(prompt), most, alternatives, echo);
    }

    private Call call(Wishes wishes, List<Prompt> prompts, int most, OptionalInt alternatives, boolean echo) {
        if ((long) prompts.size() * wishes.copies() > MOST_CHOICES) {
            throw ApiError.invalid("prompt", "more than " + MOST_CHOICES + " answers in one request: send several");
        }
        List<Question> questions = new ArrayList<>();
        int promptTokens = 0;
        for (Prompt prompt : prompts) {
            requireFits(prompt.ids.length, most);
            promptTokens += prompt.ids.length;
            Optional<String> text =
                    echo ? Optional.of(prompt.text.orElseGet(() -> service.text(prompt.ids))) : Optional.empty();
            questions.addAll(wishes.questions(prompt.ids, most, alternatives, text));
        }
        return new Call(
                questions,
                promptTokens,
                wishes.streamed(),
                wishes.usageAtEnd(),
                new CompletionLayout(service.texts(), alternatives.isPresent()));
    }

    private void requireFits(int prompt, int most) {
        if ((long) prompt + most > service.context()) {
            throw ApiError.tooLong(
                    "prompt",
                    "%d tokens of prompt and %d new ones do not fit the context of %d: shorten the prompt or ask for less"
                            .formatted(prompt, most, service.context()));
        }
    }

    private static void requireOnlyOneTry(Parameters parameters, int copies) {
        int tries = parameters.whole("best_of", 1, Integer.MAX_VALUE).orElse(copies);
        if (tries != copies) {
            throw ApiError.unsupported("best_of", "'best_of' is not supported: leave it out, or let it be 'n'");
        }
    }

    private List<Prompt> prompts(JsonNode value) {
        if (value.isTextual()) {
            return List.of(text(value));
        }
        Parameters.require(
                value.isArray() && !value.isEmpty(),
                "prompt",
                "a text, a list of texts, a list of token ids, or a list of such lists");
        if (value.get(0).isNumber()) {
            return List.of(ids(value));
        }
        List<Prompt> prompts = new ArrayList<>();
        value.forEach(item -> prompts.add(item.isTextual() ? text(item) : ids(item)));
        return prompts;
    }

    private Prompt text(JsonNode text) {
        return filled(new Prompt(service.encode(text.textValue()), Optional.of(text.textValue())));
    }

    private Prompt ids(JsonNode list) {
        Parameters.require(list.isArray(), "prompt", "made of texts or of lists of token ids");
        int[] ids = new int[list.size()];
        for (int i = 0; i < ids.length; i++) {
            JsonNode id = list.get(i);
            if (!id.isIntegralNumber() || !id.canConvertToInt() || !service.knows(id.intValue())) {
                throw ApiError.invalid(
                        "prompt", "the model has no token " + Printable.cell(id.toString()) + ", which 'prompt' holds");
            }
            ids[i] = id.intValue();
        }
        return filled(new Prompt(ids, Optional.empty()));
    }

    private static Prompt filled(Prompt prompt) {
        if (prompt.ids.length == 0) {
            throw ApiError.invalid("prompt", "'prompt' holds no tokens: give some text");
        }
        return prompt;
    }
}
