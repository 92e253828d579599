package org.espalier.job;

import java.util.List;
import org.espalier.eval.Divergence;
import org.espalier.report.Direction;
import org.espalier.report.Measure;
import org.espalier.report.Unit;

/** How far a model is from the first one of a comparison, as measures. */
final class Distances {

    private Distances() {}

    /** On the text that is called {@code data}. */
    static List<Measure> of(String data, Divergence.Result result) {
        String protocol = "from the first model, token by token, %,d predicted".formatted(result.tokens());
        Measure divergence =
                new Measure("KL divergence on " + data, result.kl().value(), Unit.NATS, Direction.LESS, protocol);
        Measure same = new Measure(
                "same likeliest token on " + data, result.sameTop().value(), Unit.SHARE, Direction.MORE, protocol);
        return List.of(
                divergence.withError(result.kl().stderr()),
                same.withError(result.sameTop().stderr()));
    }
}
