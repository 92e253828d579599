package org.espalier.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.espalier.importance.ScoresFile;
import org.espalier.plan.Plan;

/** Where the scores of one kind of units lie in each layer, as a strip of characters on one logarithmic scale. */
final class ScoreStrip {

    private static final char LINE = '·';
    private static final char KEPT = '●';
    private static final char GONE = '○';

    private final UnitKind kind;
    private final Plan plan;
    private final Map<Integer, double[]> scores;
    private final int cells;
    private final double low;
    private final double high;

    private ScoreStrip(UnitKind kind, Plan plan, Map<Integer, double[]> scores, int cells) {
        this.kind = kind;
        this.plan = plan;
        this.scores = scores;
        this.cells = cells;
        double[] positive = scores.values().stream()
                .flatMapToDouble(Arrays::stream)
                .filter(s -> s > 0)
                .sorted()
                .toArray();
        this.low = positive.length == 0 ? 0 : Math.log(positive[0]);
        this.high = positive.length == 0 ? 1 : Math.log(positive[positive.length - 1]);
    }

    /** A strip for each kind of units that has scores. */
    static List<ScoreStrip> of(Plan plan, ScoresFile scores, int cells) {
        List<ScoreStrip> strips = new ArrayList<>();
        for (UnitKind kind : UnitKind.values()) {
            Map<Integer, double[]> mine = kind.scores(scores);
            if (!mine.isEmpty()) {
                strips.add(new ScoreStrip(kind, plan, mine, cells));
            }
        }
        return strips;
    }

    String title() {
        return "scores of " + kind.label();
    }

    /** One layer's strip, empty if it has no scores. */
    String row(int layer) {
        double[] of = scores.get(layer);
        if (of == null) {
            return " ".repeat(cells);
        }
        BitSet kept = new BitSet();
        UnitKind.layer(plan, layer).ifPresent(l -> Arrays.stream(kind.kept(l)).forEach(kept::set));
        char[] strip = new char[cells];
        Arrays.fill(strip, LINE);
        mark(strip, of, kept, false, GONE);
        mark(strip, of, kept, true, KEPT);
        return new String(strip);
    }

    private void mark(char[] strip, double[] scores, BitSet kept, boolean wanted, char symbol) {
        double[] some = IntStream.range(0, scores.length)
                .filter(u -> kept.get(u) == wanted)
                .mapToDouble(u -> scores[u])
                .sorted()
                .toArray();
        if (some.length > 0) {
            double median = Math.log(Math.max(some[some.length / 2], Double.MIN_NORMAL));
            double place = high > low ? (median - low) / (high - low) : 0;
            strip[(int) Math.round(Math.clamp(place, 0, 1) * (cells - 1))] = symbol;
        }
    }
}
