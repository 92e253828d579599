package org.espalier.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SequencedMap;
import org.espalier.eval.Perplexity;
import org.espalier.eval.Protocol;
import org.espalier.eval.TextFormat;
import org.espalier.eval.Windows;
import org.espalier.text.Tokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code engine eval ppl}: perplexity of texts by a named protocol. */
@Command(
        name = "ppl",
        description = "Measure perplexity: exp of the mean negative log-likelihood of a text's tokens.",
        footer = {
            "",
            "Protocols: llm-pruner and gptq cut the text's ids into windows of --seq-len, each scored alone from position 0;",
            "all ids but a window's first count, and what does not fill a window is dropped. llama.cpp counts only the",
            "second half of each window and puts the begin token first.",
            "",
            "Examples:",
            "  engine eval ppl models/smollm2-135m --data wiki.test.raw --format wikitext",
            "  engine eval ppl model.gguf --data ptb.txt --data book.txt --protocol gptq --max-windows 20 --json"
        })
final class PplCommand extends EngineCommand {

    @Mixin
    private ModelArgument model;

    @Mixin
    private AdapterOption adapter;

    @Option(names = "--data", paramLabel = "FILE", required = true, description = "A UTF-8 text; may be given again.")
    private List<Path> data;

    @Option(
            names = "--format",
            paramLabel = "F",
            defaultValue = "text",
            description =
                    "How rows are read: lines (a row per line, stripped), wikitext (its raw form), text (the whole file)"
                            + " (default: ${DEFAULT-VALUE}).")
    private TextFormat format;

    @Option(
            names = "--protocol",
            paramLabel = "P",
            defaultValue = "llm-pruner",
            description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private Protocol protocol;

    @Option(
            names = "--seq-len",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Ids in a window (default: llm-pruner 128, gptq 2048, llama.cpp 512).")
    private Integer seqLen;

    @Option(
            names = "--stride",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description =
                    "Ids from the start of a window to the next; an id counts once (default: the window's length).")
    private Integer stride;

    @Option(
            names = "--max-windows",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Stop after so many windows of each text.")
    private Integer maxWindows;

    @Mixin
    private MemoryOptions memory;

    @Mixin
    private ComputeOptions compute;

    @Override
    void run() {
        checkOptions();
        List<String> texts = data.stream().map(format::read).toList();
        try (OpenModel open = compute.model(model.path(), adapter.path());
                Tokenizer tokenizer = Tokenizer.open(model.path());
                PerplexityMeter meter = new PerplexityMeter(this, open, memory)) {
            Windows windows = windows(tokenizer.bosId());
            List<Map<String, Object>> results = new ArrayList<>();
            Columns columns = new Columns().row("data", "protocol", "windows", "predictions", "ppl");
            for (int i = 0; i < texts.size(); i++) {
                String name = data.get(i).toString();
                Perplexity.Result result = meter.measure(tokenizer.encode(texts.get(i), true), windows, name);
                results.add(entry(name, result));
                columns.row(
                        name,
                        "%s, %d ids".formatted(protocol, windows.seqLen()),
                        result.count(),
                        result.predictions(),
                        "%.4f".formatted(result.ppl()));
            }
            SequencedMap<String, Object> whole = new LinkedHashMap<>();
            whole.put("model", model.path().toString());
            whole.put("device", open.backend().name());
            whole.put("cpu", Machine.cpu());
            whole.put("results", results);
            print(whole, columns::toString);
        }
    }

    private void checkOptions() {
        int least = protocol.secondHalf() ? 4 : 2;
        if (seqLen != null && seqLen < least) {
            throw wrongUsage("--seq-len " + seqLen + " is too short for " + protocol + ", which needs " + least);
        }
        if (protocol.secondHalf() && stride != null) {
            throw wrongUsage("--stride does not go with --protocol " + protocol);
        }
    }

    private Windows windows(OptionalInt bos) {
        int length = seqLen == null ? protocol.defaultSeqLen() : seqLen;
        return new Windows(
                protocol,
                length,
                stride == null ? length : stride,
                maxWindows == null ? Integer.MAX_VALUE : maxWindows,
                bos);
    }

    private Map<String, Object> entry(String name, Perplexity.Result result) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("data", name);
        entry.put("format", format.toString());
        entry.put("protocol", protocol.toString());
        entry.put("seq_len", result.windows().seqLen());
        entry.put("stride", result.windows().stride());
        entry.put("windows", result.count());
        entry.put("predictions", result.predictions());
        entry.put("nll", result.nll());
        entry.put("mean_nll", result.meanNll());
        entry.put("ppl", result.ppl());
        return entry;
    }
}
