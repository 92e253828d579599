package org.espalier.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import org.espalier.eval.Perplexity;
import org.espalier.eval.Protocol;
import org.espalier.eval.TextFormat;
import org.espalier.eval.Windows;
import org.espalier.report.Measure;
import org.espalier.report.TextPerplexity;
import org.espalier.text.Tokenizer;
import picocli.CommandLine.Option;

/** Which texts show how good a model is, and by which protocol. */
@Section(Topic.EVALUATION)
final class EvalOptions {

    @Section(Topic.COMMON)
    @Option(
            names = "--eval",
            paramLabel = "FILE",
            description = "A UTF-8 text to measure perplexity on; may be given again.")
    private List<Path> files = List.of();

    @Option(
            names = "--eval-format",
            paramLabel = "F",
            defaultValue = "text",
            description =
                    "How its rows are read, as in 'engine eval ppl': lines, wikitext or text; once for all files, or "
                            + "once for each in their order (default: ${DEFAULT-VALUE}).")
    private List<TextFormat> formats;

    @Option(
            names = "--eval-protocol",
            paramLabel = "P",
            defaultValue = "llm-pruner",
            description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private Protocol protocol;

    @Option(
            names = "--eval-seq-len",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Ids in a window (default: llm-pruner 128, gptq 2048, llama.cpp 512).")
    private Integer seqLen;

    @Option(
            names = "--eval-windows",
            paramLabel = "N",
            defaultValue = "200",
            converter = Converters.Positive.class,
            description = "Windows of each text at most, from its start (default: ${DEFAULT-VALUE}).")
    private int most;

    /** Why these options do not go together, if they do not. */
    Optional<String> complaint() {
        int least = protocol.secondHalf() ? 4 : 2;
        if (seqLen != null && seqLen < least) {
            return Optional.of("--eval-seq-len " + seqLen + " is too short for " + protocol + ", which needs " + least);
        }
        return formats.size() == 1 || formats.size() == files.size()
                ? Optional.empty()
                : Optional.of("--eval-format is given " + formats.size() + " times for " + files.size()
                        + " files; give it once, or once for each --eval");
    }

    /** Reads the texts. */
    Evaluation evaluation() {
        SequencedMap<String, String> texts = new LinkedHashMap<>();
        for (int i = 0; i < files.size(); i++) {
            Path file = files.get(i);
            String name = file.getFileName().toString();
            String label = texts.containsKey(name) ? file.toString() : name;
            texts.put(label, formats.get(formats.size() == 1 ? 0 : i).read(file));
        }
        return (open, tokenizer, command) -> measure(texts, open, tokenizer, command);
    }

    private List<Measure> measure(
            Map<String, String> texts, OpenModel open, Tokenizer tokenizer, EngineCommand command) {
        int length = seqLen == null ? protocol.defaultSeqLen() : seqLen;
        Windows windows = new Windows(protocol, length, length, most, tokenizer.bosId());
        List<Measure> measured = new ArrayList<>();
        try (PerplexityMeter meter = new PerplexityMeter(command, open, new MemoryOptions())) {
            texts.forEach((label, text) -> {
                Perplexity.Result result = meter.measure(tokenizer.encode(text, true), windows, label);
                measured.add(new TextPerplexity(
                                protocol.toString(), length, result.count(), result.predictions(), result.ppl())
                        .measure(label));
            });
        }
        return measured;
    }
}
