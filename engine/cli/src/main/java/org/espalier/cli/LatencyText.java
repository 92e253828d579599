package org.espalier.cli;

import java.util.ArrayList;
import java.util.List;
import org.espalier.plan.LatencyTable;
import org.espalier.plan.LatencyTable.Group;
import org.espalier.plan.LatencyTable.Times;
import org.espalier.plan.LatencyTable.Width;

/** A table of latencies for people: what each layer saves at each width. */
final class LatencyText {

    private LatencyText() {}

    static String of(LatencyTable table) {
        List<String> lines = new ArrayList<>();
        lines.add("whole model: " + times(table.whole(), table.protocol().prompt()));
        for (Group group : table.groups()) {
            for (Width width : group.widths()) {
                lines.add("%s with %,d of %,d %s: each of %,d layers saves %s"
                        .formatted(
                                group.branch(),
                                width.kept(),
                                group.units(),
                                group.role(),
                                group.layers(),
                                times(width.saved(), table.protocol().prompt())));
            }
        }
        return String.join("%n".formatted(), lines) + "%n".formatted();
    }

    private static String times(Times times, int prompt) {
        List<String> parts = new ArrayList<>();
        if (times.prefill() != null) {
            parts.add("%,.1f us to read %,d tokens".formatted(times.prefill(), prompt));
        }
        if (times.decode() != null) {
            parts.add("%,.1f us to write one".formatted(times.decode()));
        }
        return String.join(", ", parts);
    }
}
