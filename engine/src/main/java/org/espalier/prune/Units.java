package org.espalier.prune;

import java.util.Arrays;
import java.util.List;
import org.espalier.couple.Group;
import org.espalier.couple.Member;
import org.espalier.tape.Value;

/**
 * The units of one group that are scored and chosen, as indices {@code 0 .. count − 1} in the source's numbering. They are
 * the group's own units, but for query heads: every key/value head may lose other ones, as long as all lose equally many,
 * so each query head is a unit and the key/value heads are {@code lanes} of {@code perLane}.
 *
 * @param group   where they come from
 * @param layer   the layer whose parameters they are, or −1 if they run through several
 * @param lanes   sets of units that must lose equally many
 * @param perLane units in each
 */
public record Units(Group group, int layer, int lanes, int perLane) {

    /** The units of a group that lies in {@code layer}. */
    public static Units of(Group group, int layer) {
        if (group.role() != Group.Role.QUERY_HEADS) {
            return new Units(group, layer, 1, Math.toIntExact(group.units()));
        }
        long lanes = group.parameters().getFirst().runs().getFirst().outer();
        return new Units(group, layer, Math.toIntExact(lanes), Math.toIntExact(group.units()));
    }

    /** How many units there are. */
    public int count() {
        return lanes * perLane;
    }

    /** The entries of a member's axis that unit {@code unit} is, ascending. */
    public long[] entries(Member member, int unit) {
        long[] all = member.entries(unit % perLane);
        if (lanes == 1) {
            return all;
        }
        int each = all.length / lanes;
        int lane = unit / perLane;
        return Arrays.copyOfRange(all, lane * each, (lane + 1) * each);
    }

    /** Members that are scored. */
    public List<Member> members() {
        return group.parameters();
    }

    /** Whether a parameter shrinks with these units. */
    public boolean touches(Value parameter) {
        return members().stream().anyMatch(m -> m.tensor() == parameter);
    }
}
