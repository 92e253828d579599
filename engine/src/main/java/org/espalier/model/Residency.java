package org.espalier.model;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.espalier.tape.Observer;
import org.espalier.tape.Segment;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;

/**
 * Keeps resident, of weights in a mapped file, only what a walk needs: the next segment's are asked for while one is walked,
 * and let go of when it is done. For models that do not fit in memory.
 */
public final class Residency implements Observer {

    private final Weights weights;
    private final List<Set<String>> parameters;

    /** @param tape with the segments that are walked */
    public Residency(Weights weights, Tape tape) {
        this.weights = weights;
        this.parameters = tape.segments().stream().map(Residency::parametersOf).toList();
    }

    private static Set<String> parametersOf(Segment segment) {
        return segment.ops().stream()
                .flatMap(op -> op.inputs().stream())
                .filter(v -> v.role() == Value.Role.PARAMETER)
                .map(Value::name)
                .collect(Collectors.toSet());
    }

    @Override
    public void before(Segment segment, boolean backward) {
        of(segment.index() + (backward ? -1 : 1)).forEach(weights::ask);
    }

    @Override
    public void after(Segment segment, boolean backward) {
        Set<String> next = of(segment.index() + (backward ? -1 : 1));
        of(segment.index()).stream().filter(name -> !next.contains(name)).forEach(weights::release);
    }

    private Set<String> of(int segment) {
        return segment < 0 || segment >= parameters.size() ? Set.of() : parameters.get(segment);
    }
}
