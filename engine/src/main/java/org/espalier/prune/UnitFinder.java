package org.espalier.prune;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.espalier.couple.Group;
import org.espalier.couple.Groups;
import org.espalier.couple.Member;
import org.espalier.model.Llama;
import org.espalier.model.ModelConfig;
import org.espalier.tape.Op;
import org.espalier.tape.Segment;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;

/** The units of a model, with the layer each group lies in. */
public final class UnitFinder {

    private static final String LAYER = "layer ";

    private UnitFinder() {}

    /** All units that can be scored and removed, in the order of the tape. */
    public static List<Units> of(ModelConfig config) {
        Tape tape = new Llama(config).shape();
        Map<Value, Set<Integer>> layers = layersOfParameters(tape);
        List<Units> units = new ArrayList<>();
        for (Group group : Groups.of(tape).groups()) {
            Set<Integer> within = new HashSet<>();
            for (Member member : group.parameters()) {
                within.addAll(layers.get(member.tensor()));
            }
            units.add(Units.of(group, within.size() == 1 ? within.iterator().next() : -1));
        }
        return units;
    }

    private static Map<Value, Set<Integer>> layersOfParameters(Tape tape) {
        Map<Value, Set<Integer>> layers = new HashMap<>();
        for (Segment segment : tape.segments()) {
            int layer = segment.name().startsWith(LAYER)
                    ? Integer.parseInt(segment.name().substring(LAYER.length()))
                    : -1;
            for (Op op : segment.ops()) {
                for (Value input : op.inputs()) {
                    layers.computeIfAbsent(input.root(), v -> new HashSet<>()).add(layer);
                }
            }
        }
        return layers;
    }
}
