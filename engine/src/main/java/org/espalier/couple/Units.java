package org.espalier.couple;

import java.util.Arrays;
import java.util.List;
import org.espalier.tape.Value;

/**
 * The units of one group that are scored and chosen, as indices {@code 0 .. count − 1} in the source's numbering. They are
 * the group's own units, but for query heads: every key/value head may lose other ones, as long as all lose equally many,
 * so each query head is a unit and there are as many {@code sets} as key/value heads. (Where the heads of one do not lie
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

    /** The entries of a member's axis that unit {@code unit} is, ascending. */
    public long[] entries(Member member, int unit) {
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

    /** Whether a parameter shrinks with these units. */
    public boolean touches(Value parameter) {
        return members().stream().anyMatch(m -> m.tensor() == parameter);
    }

    /** Entries of the narrowest axis in one unit of every set. */
    public int width() {
        return sets
                * members().stream().mapToInt(m -> entries(m, 0).length).min().orElseThrow();
    }
}
