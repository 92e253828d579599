package org.espalier.job;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.espalier.couple.Group.Role;
import org.espalier.importance.BlockCriterion;
import org.espalier.importance.BlockScores.Kind;
import org.espalier.importance.Candidates;
import org.espalier.importance.ScoresFile;
import org.espalier.plan.WidthTable;

/** Kinds of units under the names that people use. */
public enum Unit {
    /** Key/value heads, each with the query heads that read it. */
    KV_HEADS(Role.HEADS, null),
    /** Query heads, equally many of every key/value head. */
    QUERY_HEADS(Role.QUERY_HEADS, null),
    /** Neurons of MLPs. */
    NEURONS(Role.NEURONS, null),
    /** Experts, each whole. */
    EXPERTS(Role.EXPERTS, null),
    /** Channels of the residual stream, in every layer at once. */
    CHANNELS(Role.CHANNELS, null),
    /** The attention of a layer, whole. */
    ATTENTION(null, Kind.ATTENTION),
    /** The MLP of a layer, whole. */
    MLP(null, Kind.MLP),
    /** Whole layers. */
    LAYERS(null, Kind.LAYERS),
    /** Tokens of the vocabulary, with their rows of embedding and head; counted, never scored. */
    TOKENS(null, null);

    private final Role role;
    private final Kind block;

    Unit(Role role, Kind block) {
        this.role = role;
        this.block = block;
    }

    /** Everything of some kinds, in every layer. */
    static Candidates candidates(List<Unit> units, BlockCriterion blockCriterion) {
        return Candidates.anywhere(
                units.stream().map(unit -> unit.role).filter(Objects::nonNull).toList(),
                units.stream().map(unit -> unit.block).filter(Objects::nonNull).toList(),
                blockCriterion);
    }

    /** The kinds of units and blocks that a table of widths tells of. */
    static List<Unit> of(WidthTable table) {
        return Arrays.stream(values())
                .filter(unit -> unit.role != null
                        ? table.groups().stream().anyMatch(group -> group.role().equals(ScoresFile.name(unit.role)))
                        : table.gone().stream().anyMatch(gone -> gone.branch().equals(unit.toString())))
                .toList();
    }

    /** The name on the command line. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
