package org.espalier.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.espalier.eval.Perplexity;
import org.espalier.eval.Protocol;
import org.espalier.job.Machine;
import org.espalier.job.PerplexityJob;
import org.espalier.job.PerplexitySettings;
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

    private PerplexitySettings settings = PerplexitySettings.defaults();

    @Mixin
    private EvaluatedModel model;

    @Option(names = "--data", paramLabel = "FILE", required = true, description = "A UTF-8 text; may be given again.")
    private List<Path> data;

    @Mixin
    private WindowOptions windows;

    @Option(
            names = "--protocol",
            paramLabel = "P",
            description = "${COMPLETION-CANDIDATES} (default: ${bundle:default.protocol}).")
    private void protocol(Protocol protocol) {
        settings = settings.protocol(protocol);
    }

    @Option(
            names = "--stride",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description =
                    "Ids from the start of a window to the next; an id counts once (default: the window's length).")
    private void stride(int tokens) {
        settings = settings.stride(tokens);
    }

    @Mixin
    private ComputeOptions compute;

    @Override
    void run() {
        for (Path file : data) {
            PerplexitySettings before = settings;
            settings = windows.format().map(format -> before.text(file, format)).orElseGet(() -> before.text(file));
        }
        if (windows.seqLen().isPresent()) {
            settings = settings.seqLen(windows.seqLen().getAsInt());
        }
        if (windows.maxWindows().isPresent()) {
            settings = settings.maxWindows(windows.maxWindows().getAsInt());
        }
        settings = settings.memory(model.memory());
        requireSound(settings);
        report(new PerplexityJob(compute.engine(), settings).run(model.path(), model.adapter()));
    }

    private void report(PerplexityJob.Result measured) {
        List<Map<String, Object>> results = new ArrayList<>();
        Columns columns = new Columns().row("data", "protocol", "windows", "predictions", "ppl", "bits per byte");
        for (int i = 0; i < data.size(); i++) {
            Perplexity.Result result = measured.results().get(i);
            results.add(entry(data.get(i).toString(), result));
            columns.row(
                    data.get(i),
                    "%s, %d ids".formatted(settings.protocol(), settings.seqLen()),
                    result.count(),
                    result.predictions(),
                    "%.4f".formatted(result.ppl()),
                    result.bitsPerByte().isPresent()
                            ? "%.4f".formatted(result.bitsPerByte().getAsDouble())
                            : "");
        }
        SequencedMap<String, Object> whole = new LinkedHashMap<>();
        whole.put("model", model.path().toString());
        whole.put("device", measured.device());
        whole.put("cpu", Machine.cpu());
        whole.put("results", results);
        print(whole, columns::toString);
    }

    private Map<String, Object> entry(String name, Perplexity.Result result) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("data", name);
        entry.put("format", settings.texts().getFirst().format().toString());
        entry.put("protocol", settings.protocol().toString());
        entry.put("seq_len", result.windows().seqLen());
        entry.put("stride", result.windows().stride());
        entry.put("windows", result.count());
        entry.put("predictions", result.predictions());
        entry.put("nll", result.nll());
        entry.put("mean_nll", result.meanNll());
        entry.put("ppl", result.ppl());
        result.bitsPerByte().ifPresent(bits -> {
            entry.put("bytes", result.bytes());
            entry.put("bits_per_byte", bits);
        });
        return entry;
    }
}
