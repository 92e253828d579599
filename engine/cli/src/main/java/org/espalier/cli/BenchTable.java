package org.espalier.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.espalier.job.Footprint;
import org.espalier.job.Machine;
import org.espalier.job.Speeds;

/**
 * What {@code engine bench} measured, as text, JSON, and in the shape of llama-bench's tables.
 *
 * @param models  one, or two that took turns
 * @param speeds  all tests of the first model, then the same of the second
 * @param threads that computed
 */
record BenchTable(List<Footprint> models, List<Speeds> speeds, int threads) {

    private static final double GIB = 1 << 30;

    /** A test of a model, with its ratio to the second model if this is the first of two. */
    private record Row(Footprint model, Speeds speeds, Optional<Speeds> ratio) {}

    private List<Row> rows() {
        int tests = speeds.size() / models.size();
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < speeds.size(); i++) {
            boolean compared = models.size() == 2 && i < tests;
            rows.add(new Row(
                    models.get(i / tests),
                    speeds.get(i),
                    compared ? Optional.of(speeds.get(i).over(speeds.get(i + tests))) : Optional.empty()));
        }
        return rows;
    }

    SequencedMap<String, Object> json() {
        SequencedMap<String, Object> whole = new LinkedHashMap<>();
        whole.put("cpu", Machine.cpu());
        whole.put("threads", threads);
        whole.put("models", models.stream().map(BenchTable::entry).toList());
        whole.put("results", rows().stream().map(BenchTable::result).toList());
        whole.put(
                "ratios",
                rows().stream()
                        .flatMap(row -> row.ratio.stream())
                        .map(BenchTable::ratio)
                        .toList());
        return whole;
    }

    private static Map<String, Object> entry(Footprint model) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("model", model.model());
        entry.put("device", model.device());
        entry.put("parameters", model.parameters());
        entry.put("weight_bytes", model.weightBytes());
        entry.put("cache_bytes", model.cacheBytes());
        entry.put("peak_bytes", model.peakBytes());
        entry.put("load_seconds", model.loadSeconds());
        return entry;
    }

    private static Map<String, Object> result(Row row) {
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("model", row.speeds.model());
        result.put("test", row.speeds.test());
        result.put("tokens_per_second", row.speeds.mean());
        enterSamples(result, row.speeds);
        return result;
    }

    /** The first model's speed over the other's: the mean of the ratios of neighbouring repetitions. */
    private static Map<String, Object> ratio(Speeds quotient) {
        SequencedMap<String, Object> ratio = new LinkedHashMap<>();
        ratio.put("test", quotient.test());
        ratio.put("ratio", quotient.mean());
        enterSamples(ratio, quotient);
        return ratio;
    }

    private static void enterSamples(SequencedMap<String, Object> json, Speeds speeds) {
        json.put("stddev", speeds.deviation());
        json.put("samples", speeds.samples());
    }

    String text() {
        Columns tests = new Columns().row("model", "test", "tokens/s", "±");
        rows().forEach(row -> addRow(tests, row.speeds.model(), row.speeds));
        rows().forEach(row -> row.ratio.ifPresent(ratio -> addRow(tests, "first / second", ratio)));
        Columns costs = new Columns().row("model", "parameters", "weights", "cache", "memory", "load");
        models.forEach(model -> costs.row(
                model.model(),
                model.parameters(),
                Machine.size(model.weightBytes()),
                Machine.size(model.cacheBytes()),
                Machine.size(model.peakBytes()),
                "%.2f s".formatted(model.loadSeconds())));
        return String.join(
                System.lineSeparator(),
                tests.toString(),
                "",
                costs.toString(),
                Machine.cpu() + ", " + threads + " threads");
    }

    private static void addRow(Columns columns, String name, Speeds speeds) {
        columns.row(name, speeds.test(), "%.2f".formatted(speeds.mean()), "%.2f".formatted(speeds.deviation()));
    }

    /** A table in Markdown. */
    String markdown() {
        List<String> heads = Stream.of("model", "size", "params", "backend", "threads", "test", "t/s", "ratio")
                .filter(head -> models.size() == 2 || !head.equals("ratio"))
                .toList();
        Stream<List<String>> lines = rows().stream()
                .map(row -> Stream.concat(
                                Stream.of(
                                        row.model.model(),
                                        "%.2f GiB".formatted(row.model.weightBytes() / GIB),
                                        "%.2f M".formatted(row.model.parameters() / 1e6),
                                        row.model.device(),
                                        String.valueOf(threads),
                                        row.speeds.test(),
                                        spread(row.speeds)),
                                models.size() == 2
                                        ? Stream.of(row.ratio
                                                .map(BenchTable::spread)
                                                .orElse(""))
                                        : Stream.empty())
                        .toList());
        List<String> rule = heads.stream()
                .map(head -> head.equals("model") || head.equals("backend") ? "---" : "--:")
                .toList();
        return Stream.concat(Stream.of(heads, rule), lines)
                .map(cells -> cells.stream()
                        .map(cell -> cell.replace("|", "\\|"))
                        .collect(Collectors.joining(" | ", "| ", " |")))
                .collect(Collectors.joining(System.lineSeparator()));
    }

    private static String spread(Speeds speeds) {
        return "%.2f ± %.2f".formatted(speeds.mean(), speeds.deviation());
    }

    /** A line per test; names as llama-bench's where it has them. */
    String csv() {
        Stream<String> lines = rows().stream()
                .map(row -> line(
                        row.model.model(),
                        row.model.weightBytes(),
                        row.model.parameters(),
                        row.model.device(),
                        threads,
                        row.speeds.test(),
                        row.speeds.mean(),
                        row.speeds.deviation(),
                        row.ratio.map(Speeds::mean).map(Object::toString).orElse(""),
                        row.ratio.map(Speeds::deviation).map(Object::toString).orElse(""),
                        row.model.cacheBytes(),
                        row.model.peakBytes(),
                        row.model.loadSeconds()));
        String head =
                "model_filename,model_size,model_n_params,backends,n_threads,test,avg_ts,stddev_ts,ratio,stddev_ratio,"
                        + "cache_bytes,peak_bytes,load_seconds";
        return Stream.concat(Stream.of(head), lines).collect(Collectors.joining(System.lineSeparator()));
    }

    /** By RFC 4180: what has a comma, a quote or a line break stands in quotes. */
    private static String line(Object... cells) {
        return Stream.of(cells)
                .map(Object::toString)
                .map(cell -> cell.matches("(?s).*[\",\r\n].*") ? '"' + cell.replace("\"", "\"\"") + '"' : cell)
                .collect(Collectors.joining(","));
    }
}
