package org.espalier.report;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** What models cost, in the form of LLM-Pruner's Table 3: parameters, multiply-adds, memory and latency. */
final class CostTable {

    private static final List<StandardMeasure> MEASURES = List.of(
            StandardMeasure.PARAMETERS, StandardMeasure.PASS_MACS, StandardMeasure.MEMORY, StandardMeasure.LATENCY);

    private CostTable() {}

    /** As far as they were measured; nothing where parameters alone are known. */
    static List<ModelTable.Column> columns(Comparison run) {
        List<MeasureSeries> all = MeasureSeries.of(run);
        List<ModelTable.Column> columns = new ArrayList<>();
        for (StandardMeasure standard : MEASURES) {
            MeasureSeries.first(all, standard).ifPresent(series -> columns.add(column(run, series)));
        }
        return columns.size() < 2 ? List.of() : columns;
    }

    private static ModelTable.Column column(Comparison run, MeasureSeries series) {
        return new ModelTable.Column(
                series.label(),
                "",
                IntStream.range(0, run.stages().size())
                        .mapToObj(stage -> new ModelTable.Cell(series.brief(stage), series.change(stage)))
                        .toList());
    }
}
