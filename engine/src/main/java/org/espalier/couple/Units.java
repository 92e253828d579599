package org.espalier.couple;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.espalier.tape.Value;

/**
 * The units of one group that are scored and chosen, as indices {@code 0 .. count − 1} in the source's numbering. They are
 * the group's own units, but for query heads: every key/value head may lose other ones, as long as all lose equally many,
 * so each query head is a unit and there are as many {@code sets} as key/value heads; so it is with the neurons of experts. (Where the heads of one do not lie
 * together, all key/value heads lose the same, and there is one set.)
 *
 * @param group  where they come from
 * @param layer  the layer whose parameters they are, or −1 if they run through several
 * @param sets   sets of units that must lose equally many
 * @param perSet units in each
 */
public record Units(Group group, int layer, int sets, int perSet) {

    /** The units of a group that lies in {@code layer}. */
    static Units of(Group group, int layer) {
        return new Units(group, layer, Math.toIntExact(group.sets()), Math.toIntExact(group.units()));
    }

    /** How many units there are. */
    public int count() {
        return sets * perSet;
    }

    /** The entries of a member's axis that unit {@code unit} is, ascending; none if the tensor is there for other units. */
    public long[] entries(Member member, int unit) {
        if (member.only() >= 0) {
            boolean there = sets == 1 || member.only() == unit / perSet;
            return there ? member.entries(unit % perSet) : new long[0];
        }
        long[] all = member.entries(unit % perSet);
        if (sets == 1) {
            return all;
        }
        int width = all.length / sets;
        int set = unit / perSet;
        return Arrays.copyOfRange(all, set * width, (set + 1) * width);
    }

    /** Members that are scored. */
    public List<Member> members() {
        return group.parameters();
    }

    /**
     * Members that are scored, those together that have the same part of different units: the weights of each expert that are used
     * in the same place.
     */
    public List<List<Member>> alike() {
        List<List<Member>> alike = new ArrayList<>();
        Map<Integer, Integer> met = new HashMap<>();
        Map<Integer, List<Member>> places = new HashMap<>();
        for (Member member : members()) {
            if (member.only() < 0) {
                alike.add(List.of(member));
                continue;
            }
            int place = met.merge(member.only(), 1, Integer::sum);
            places.computeIfAbsent(place, p -> {
                        List<Member> together = new ArrayList<>();
                        alike.add(together);
                        return together;
                    })
                    .add(member);
        }
        return alike;
    }

    /** Whether a parameter shrinks with these units. */
    public boolean touches(Value parameter) {
        return members().stream().anyMatch(m -> m.tensor() == parameter);
    }

    /** Entries of the narrowest axis in one unit of every set that its tensor has. */
    public int width() {
        return members().stream()
                .mapToInt(m -> m.only() >= 0 ? Math.toIntExact(m.entriesPerUnit()) : sets * entries(m, 0).length)
                .min()
                .orElseThrow();
    }

    /** Units of each set that must stay. */
    public int least() {
        return Math.toIntExact(group.least());
    }
}
