package org.espalier.couple;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.espalier.tape.Value;

/**
 * Units that can be removed one by one, each with everything that depends on it.
 *
 * @param id         position in the list of groups, from 0
 * @param name       for people
 * @param role       what its units are
 * @param units      how many there are
 * @param sets       sets of as many units each, of which every one may lose other ones as long as all lose equally many: the
 *                   query heads of each key/value head, where they lie together, the neurons of each expert; 1 for everything else
 * @param least      units of each set that must stay: as many experts as a token is given to, 1 of everything else
 * @param tied       whether entries belong together in pairs
 * @param normalised whether a normalisation averages over them, so that removing a unit changes the others' numbers
 * @param members    every axis that shrinks with it
 */
public record Group(
        int id,
        String name,
        Role role,
        long units,
        long sets,
        long least,
        boolean tied,
        boolean normalised,
        List<Member> members) {

    /** What the units of a group are, found from how the axis is used. */
    public enum Role {
        /** Key/value heads, each with its query heads. */
        HEADS,
        /** Query heads, the same number in every key/value group. */
        QUERY_HEADS,
        /** Dimensions summed over between query and key. */
        HEAD_DIMENSIONS,
        /** Dimensions of the values of attention. */
        VALUE_DIMENSIONS,
        /** Channels that normalisations average over and no attention has a use for: the residual stream. */
        CHANNELS,
        /** Experts of a layer, each whole, with its row of the router. */
        EXPERTS,
        /** Tokens that the tokenizer knows, each with its rows of the embedding and the head. */
        TOKENS,
        /** Anything else: neurons of an MLP. */
        NEURONS;

        /** Whether its units are what an MLP consists of. */
        public boolean inMlp() {
            return this == NEURONS || this == EXPERTS;
        }
    }

    public Group {
        members = List.copyOf(members);
    }

    /** Members that are parameters. */
    public List<Member> parameters() {
        return members.stream()
                .filter(m -> m.tensor().role() == Value.Role.PARAMETER)
                .toList();
    }

    /**
     * Parameters that disappear when the first unit is removed: a tensor that shrinks along both axes counts the crossing
     * once.
     */
    public long parametersPerUnit() {
        Map<Value, List<Member>> byTensor = ofOneUnit().collect(Collectors.groupingBy(Member::tensor));
        return byTensor.entrySet().stream()
                .mapToLong(e -> removedFrom(e.getKey(), e.getValue()))
                .sum();
    }

    /** Axis entries of one unit over all parameters. */
    public long unitSize() {
        return ofOneUnit().mapToLong(Member::entriesPerUnit).sum();
    }

    /** What the first unit of every set has entries of. */
    private Stream<Member> ofOneUnit() {
        return parameters().stream().filter(m -> sets > 1 || m.only() <= 0);
    }

    /** @param alongAxes the tensor's members */
    private static long removedFrom(Value tensor, List<Member> alongAxes) {
        long[] dims = tensor.shape().toArray();
        for (Member member : alongAxes) {
            dims[member.axis()] -= member.entriesPerUnit();
        }
        long left = 1;
        for (long dim : dims) {
            left *= dim;
        }
        return tensor.shape().elements() - left;
    }
}
