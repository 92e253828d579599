package org.espalier.importance;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.error.Failure;
import org.espalier.error.Printable;
import org.espalier.format.Checkpoint;
import org.espalier.model.Model;

/**
 * Scores of a model's units as they are written.
 *
 * @param formatVersion of this file
 * @param source        the model
 * @param criterion     how units were scored
 * @param aggregate     how members of a group became one
 * @param calibration   what scores were computed on; null if nothing
 * @param seed          of everything random
 * @param groups        the scores
 */
public record ScoresFile(
        @JsonProperty(value = "format_version", required = true)
        int formatVersion,

        @JsonProperty(value = "source", required = true) Source source,
        @JsonProperty(value = "criterion", required = true) String criterion,
        @JsonProperty(value = "aggregate", required = true) String aggregate,

        @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("calibration")
        Calibration calibration,

        @JsonProperty(value = "seed", required = true) long seed,
        @JsonProperty(value = "groups", required = true) List<Group> groups) {

    /** The version that is written. */
    public static final int FORMAT_VERSION = 1;

    /** No model has as many; what goes through the numbers of layers is so bounded. */
    private static final int MOST_LAYERS = 4096;

    /** The criterion of a choice that no scores led to: how often tokens are used. */
    private static final String COUNTED = "uses";

    public ScoresFile {
        Objects.requireNonNull(source, "source is null");
        Objects.requireNonNull(criterion, "criterion is null");
        Objects.requireNonNull(groups, "groups is null");
        groups.forEach(group -> Objects.requireNonNull(group, "one of the groups is null"));
    }

    /**
     * Scores with what they were computed from.
     *
     * @param candidates  what was scored; where that is whole blocks alone, and not by their units, the criterion is theirs
     * @param calibration what could be looked at; it is named if it was
     */
    public static ScoresFile of(
            Checkpoint checkpoint,
            Model model,
            Method method,
            Candidates candidates,
            Optional<org.espalier.importance.Calibration> calibration,
            Rankings rankings) {
        Source source = new Source(
                Printable.recorded(checkpoint.path().getFileName().toString()),
                checkpoint.sha256(),
                model.structure().tape().parameterCount());
        Calibration used = calibration
                .filter(c -> candidates.needsCalibration(method.criterion()))
                .map(Calibration::of)
                .orElse(null);
        Enum<?> criterion = candidates.scoresUnits() ? method.criterion() : candidates.blockCriterion();
        return new ScoresFile(
                FORMAT_VERSION,
                source,
                candidates.none() ? COUNTED : criterion.toString(),
                name(method.aggregate()),
                used,
                method.seed(),
                groups(rankings));
    }

    private static List<Group> groups(Rankings rankings) {
        return Stream.concat(
                        rankings.units().stream().map(Group::of),
                        rankings.blocks().stream().map(Group::of))
                .toList();
    }

    /**
     * Refuses scores that cannot be compared.
     *
     * @param where this file, for messages
     * @throws Failure that names the first group with one that is not a finite number, or is in no layer that a model has
     */
    public void requireSound(String where) {
        for (Group group : groups) {
            if (group.layer() < -1 || group.layer() >= MOST_LAYERS) {
                throw new Failure(
                        "group " + Printable.quoted(group.name()) + " is in layer " + group.layer(),
                        where,
                        "write the file again with 'engine score'");
            }
            for (int unit = 0; unit < group.scores().length; unit++) {
                if (!Double.isFinite(group.scores()[unit])) {
                    throw new Failure(
                            "score %d of group %s is %s"
                                    .formatted(unit, Printable.quoted(group.name()), group.scores()[unit]),
                            where,
                            "write the file again with 'engine score'");
                }
            }
        }
    }

    /**
     * The scores of a model, as far as its units and blocks may go.
     *
     * @param where this file, for messages
     * @throws Failure if this file is of another model, or nothing may go
     */
    public Rankings rankings(Structure structure, Candidates candidates, String where) {
        List<UnitScores> units = structure.units().stream()
                .filter(candidates::allows)
                .map(of -> scores(of, where))
                .toList();
        List<BlockScores> blocks = candidates.blocks().stream()
                .map(kind -> blocks(kind, structure, candidates, where))
                .toList();
        Rankings rankings = new Rankings(units, blocks);
        rankings.requireSome(candidates);
        return rankings;
    }

    private BlockScores blocks(BlockScores.Kind kind, Structure structure, Candidates candidates, String where) {
        List<Integer> layers = Rankings.layersWith(structure, kind, candidates);
        return new BlockScores(
                kind,
                structure,
                layers,
                switch (candidates.blockCriterion()) {
                    case UNITS -> BlockScores.sums(kind, layers, structure, partsOfBlocks(structure, where));
                    case POSITION -> BlockScores.positions(structure);
                    default -> scores(kind.toString(), -1, structure.layers(), where);
                });
    }

    /** Scores of heads and neurons, as far as there are any. */
    private List<UnitScores> partsOfBlocks(Structure structure, String where) {
        return structure.units().stream()
                .filter(Rankings::partOfABranch)
                .filter(scored ->
                        group(name(scored.group().role()), scored.layer()).isPresent())
                .map(scored -> scores(scored, where))
                .toList();
    }

    private UnitScores scores(Units scored, String where) {
        return new UnitScores(scored, scores(name(scored.group().role()), scored.layer(), scored.count(), where));
    }

    private double[] scores(String role, int layer, int count, String where) {
        double[] scores = group(role, layer)
                .map(Group::scores)
                .orElseThrow(() -> new Failure(
                        "file has no scores of " + role + (layer < 0 ? "" : " of layer " + layer),
                        where,
                        "score them, leave them out, or score blocks by --block-score units or position"));
        if (scores.length != count) {
            throw new Failure(
                    "file has %d scores of %s where the model has %d".formatted(scores.length, role, count),
                    where,
                    "use the scores of this model");
        }
        return scores;
    }

    private Optional<Group> group(String role, int layer) {
        return groups.stream()
                .filter(g -> g.layer() == layer && g.role().equals(role))
                .findFirst();
    }

    /** An enum constant as files have it. */
    public static String name(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    /**
     * Scores of one group's units.
     *
     * @param name   for people
     * @param role   what its units are
     * @param layer  it lies in, −1 for all
     * @param scores one for each unit, in the source's numbering
     */
    public record Group(
            @JsonProperty(value = "name", required = true) String name,
            @JsonProperty(value = "role", required = true) String role,
            @JsonProperty(value = "layer", required = true) int layer,
            @JsonProperty(value = "scores", required = true) double[] scores) {

        public Group {
            Objects.requireNonNull(name, "a group's name is null");
            Objects.requireNonNull(role, "a group's role is null");
            Objects.requireNonNull(scores, "a group's scores are null");
        }

        /** As the file holds it: by name, role and layer. */
        static Group of(UnitScores scores) {
            Units units = scores.units();
            return new Group(
                    units.group().name(), ScoresFile.name(units.group().role()), units.layer(), scores.scores());
        }

        static Group of(BlockScores scores) {
            return new Group("whole " + scores.kind(), scores.kind().toString(), -1, scores.scores());
        }
    }

    /**
     * The model that something was computed for.
     *
     * @param path       where it was
     * @param sha256     of its weights
     * @param parameters it has
     */
    public record Source(
            @JsonProperty(value = "path", required = true) String path,
            @JsonProperty(value = "sha256", required = true) String sha256,

            @JsonProperty(value = "parameters", required = true)
            long parameters) {

        public Source {
            Objects.requireNonNull(path, "the source's path is null");
            Objects.requireNonNull(sha256, "the source's sha256 is null");
        }
    }

    /**
     * What scores were computed on.
     *
     * @param sha256  of the token ids
     * @param samples sequences
     * @param seqLen  ids in each
     * @param writer  how to have the model write them again, if it wrote them itself; null for texts
     */
    public record Calibration(
            @JsonProperty(value = "sha256", required = true) String sha256,

            @JsonProperty(value = "samples", required = true)
            int samples,

            @JsonProperty(value = "seq_len", required = true)
            int seqLen,

            @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("written_by_model")
            org.espalier.importance.Calibration.Writer writer) {

        /** What is said of some sequences. */
        public static Calibration of(org.espalier.importance.Calibration used) {
            return new Calibration(
                    used.sha256(),
                    used.sequences().size(),
                    used.seqLen(),
                    used.writer().orElse(null));
        }
    }
}
