package org.espalier.cli;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.stream.Collectors;
import org.espalier.file.TextFile;
import org.espalier.job.TokenizeJob;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code engine tokenize}: a text's token ids, and the text that they give again. */
@Command(
        name = "tokenize",
        description = "Show the token ids of a text.",
        footer = {
            "",
            "Examples:",
            "  engine tokenize models/stories260K --text 'Once upon a time'",
            "  engine tokenize model.gguf --file story.txt --no-special --json",
            "  engine tokenize models/smollm2-135m --messages conversation.json --json"
        })
final class TokenizeCommand extends EngineCommand {

    @Mixin
    private ModelArgument model;

    @ArgGroup(multiplicity = "1")
    private Source source;

    @Option(
            names = "--no-special",
            description = "Leave out what the tokenizer puts around a text, such as a begin token.")
    private boolean noSpecial;

    /** The one or the other. */
    static final class Source {

        @Option(names = "--text", paramLabel = "T", required = true, description = "The text.")
        private String text;

        @Option(names = "--file", paramLabel = "F", required = true, description = "A UTF-8 file with the text.")
        private Path file;

        @Option(
                names = "--messages",
                paramLabel = "F",
                required = true,
                description = {
                    "A JSON object with a conversation: messages, and what else the",
                    "model's chat template reads, such as tools and",
                    "add_generation_prompt. The template writes the special tokens."
                })
        private Path messages;
    }

    @Override
    void run() {
        TokenizeJob job = new TokenizeJob(!noSpecial);
        TokenizeJob.Result tokens = source.messages != null
                ? job.runConversation(model.path(), source.messages)
                : job.run(model.path(), source.text != null ? source.text : TextFile.read(source.file));
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("ids", tokens.ids());
        result.put("text", tokens.text());
        print(
                result,
                () -> Arrays.stream(tokens.ids()).mapToObj(String::valueOf).collect(Collectors.joining(" ")));
    }
}
