package org.espalier.importance;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.error.Failure;
import org.espalier.importance.BlockScores.Kind;

/**
 * Scores of everything that may go.
 *
 * @param units  of groups
 * @param blocks whole ones
 * @param byMatrix  of the same groups by every matrix alone; empty where what depends on each other goes together
 */
public record Rankings(List<UnitScores> units, List<BlockScores> blocks, List<MatrixScores> byMatrix) {

    public Rankings {
        units = List.copyOf(units);
        blocks = List.copyOf(blocks);
        byMatrix = List.copyOf(byMatrix);
    }

    /** Where what depends on each other goes together, so that no matrix chooses by itself. */
    public Rankings(List<UnitScores> units, List<BlockScores> blocks) {
        this(units, blocks, List.of());
    }

    /** Whether units are what an attention or an MLP consists of. */
    public static boolean partOfABranch(Units units) {
        Role role = units.group().role();
        return units.layer() >= 0 && (role == Role.HEADS || role == Role.QUERY_HEADS || role == Role.NEURONS);
    }

    /** The layers that have branches of a kind, as far as they may go. */
    public static List<Integer> layersWith(Structure structure, Kind kind, Candidates candidates) {
        return IntStream.range(0, structure.layers())
                .filter(layer -> !kind.branches(structure, layer).isEmpty() && candidates.allows(kind, layer))
                .boxed()
                .toList();
    }

    /**
     * Refuses to go on with nothing.
     *
     * @throws Failure if nothing may go
     */
    public void requireSome(Candidates candidates) {
        if (units.isEmpty() && blocks.stream().allMatch(b -> b.layers().isEmpty())) {
            throw new Failure(
                    "nothing may be removed",
                    "units "
                            + Stream.concat(candidates.roles().stream(), candidates.blocks().stream())
                                    .map(Rankings::option)
                                    .toList(),
                    "allow more layers or kinds of units");
        }
    }

    /** What people call a kind of units or blocks. */
    private static String option(Enum<?> kind) {
        return kind == Role.HEADS ? "kv_heads" : kind.name().toLowerCase(Locale.ROOT);
    }

    /**
     * These scores with those of what is left of the model put in their place, in the source's numbering. What is gone, and
     * what cannot be scored any more because it is the last of its kind, keeps the score it had.
     */
    public Rankings updated(Rankings left, Selection gone) {
        return new Rankings(
                units.stream().map(old -> updated(old, left, gone)).toList(),
                blocks.stream().map(old -> updated(old, left, gone)).toList());
    }

    private static UnitScores updated(UnitScores old, Rankings left, Selection gone) {
        Units source = old.units();
        int layer = source.layer() < 0 ? source.layer() : gone.numberAfter(source.layer());
        Optional<UnitScores> now = left.units.stream()
                .filter(s -> s.units().layer() == layer
                        && s.units().group().role() == source.group().role())
                .findFirst();
        if (now.isEmpty() || source.layer() >= 0 && layer < 0) {
            return old;
        }
        double[] scores = old.scores().clone();
        int[] staying = gone.staying(source);
        for (int i = 0; i < staying.length; i++) {
            scores[staying[i]] = now.get().scores()[i];
        }
        return new UnitScores(source, scores);
    }

    private static BlockScores updated(BlockScores old, Rankings left, Selection gone) {
        double[] scores = old.scores().clone();
        BlockScores now = left.blocks.stream()
                .filter(b -> b.kind() == old.kind())
                .findFirst()
                .orElseThrow();
        for (int layer : old.layers()) {
            int number = gone.numberAfter(layer);
            if (number >= 0 && now.layers().contains(number)) {
                scores[layer] = now.score(number);
            }
        }
        return new BlockScores(old.kind(), old.structure(), old.layers(), scores);
    }
}
