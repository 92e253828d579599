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
            "  engine tokenize model.gguf --file story.txt --no-special --json"
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
    }

    @Override
    void run() {
        String text = source.text != null ? source.text : TextFile.read(source.file);
        TokenizeJob.Result tokens = new TokenizeJob(!noSpecial).run(model.path(), text);
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("ids", tokens.ids());
        result.put("text", tokens.text());
        print(
                result,
                () -> Arrays.stream(tokens.ids()).mapToObj(String::valueOf).collect(Collectors.joining(" ")));
    }
}
