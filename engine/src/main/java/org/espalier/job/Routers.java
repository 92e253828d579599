package org.espalier.job;

import java.util.LinkedHashSet;
import java.util.Set;
import java.util.stream.Collectors;
import org.espalier.format.ModelContent;
import org.espalier.format.NumberTypes;
import org.espalier.model.ModelConfig;
import org.espalier.model.Transformer;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tape.op.Route;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;

/** Weights that choose experts: an error there gives a token to another expert, so they are never quantised. */
final class Routers {

    private Routers() {}

    /** Their names. */
    static Set<String> of(Tape tape) {
        Set<Value> logits = tape.segments().stream()
                .flatMap(segment -> segment.ops().stream())
                .filter(Route.class::isInstance)
                .map(op -> ((Route) op).logits().root())
                .collect(Collectors.toSet());
        return tape.segments().stream()
                .flatMap(segment -> segment.ops().stream())
                .filter(op -> op.outputs().stream().map(Value::root).anyMatch(logits::contains))
                .flatMap(op -> op.weights().stream())
                .map(use -> use.weight().root().name())
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    /** The same types, but float32 where they would quantise a router. */
    static NumberTypes plain(NumberTypes types, ModelConfig model) {
        Set<String> routers = of(new Transformer(model).shape());
        return new NumberTypes() {
            @Override
            public DType of(String name, Shape shape, DType stored) {
                DType type = types.of(name, shape, stored);
                return type.plain() || !routers.contains(name) ? type : DType.F32;
            }

            @Override
            public ModelContent finished(ModelContent model) {
                return types.finished(model);
            }
        };
    }
}
