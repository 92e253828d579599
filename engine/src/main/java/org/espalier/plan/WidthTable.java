package org.espalier.plan;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.espalier.couple.Units;
import org.espalier.error.Failure;
import org.espalier.importance.ScoresFile;
import org.espalier.tape.Branch;

/**
 * What narrowing each branch of a model, and nothing else of it, does to its predictions, as it is written.
 *
 * @param formatVersion of this file
 * @param source        the model
 * @param scoresSha256  of the scores that say which units go first
 * @param calibration   what it was measured on
 * @param seed          of everything random
 * @param fitted        how narrowed branches made up for what they lost; null if they did not
 * @param tokens        whose predictions were compared
 * @param groups        the widths that were measured
 * @param gone          branches that were left out whole
 */
public record WidthTable(
        @JsonProperty(value = "format_version", required = true)
        int formatVersion,

        @JsonProperty(value = "source", required = true) ScoresFile.Source source,

        @JsonProperty(value = "scores_sha256", required = true)
        String scoresSha256,

        @JsonProperty(value = "calibration", required = true)
        ScoresFile.Calibration calibration,

        @JsonProperty(value = "seed", required = true) long seed,

        @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("fitted")
        Plan.Fitted fitted,

        @JsonProperty(value = "tokens", required = true) long tokens,
        @JsonProperty(value = "groups", required = true) List<Group> groups,
        @JsonProperty(value = "gone", required = true) List<Gone> gone) {

    /** The version that is written. */
    public static final int FORMAT_VERSION = 1;

    private static final String MADE = "engine widths";

    public WidthTable {
        Objects.requireNonNull(source, "source is null");
        Objects.requireNonNull(scoresSha256, "scores_sha256 is null");
        Objects.requireNonNull(calibration, "calibration is null");
        groups = List.copyOf(groups);
        gone = List.copyOf(gone);
    }

    /**
     * The widths of one group that were measured.
     *
     * @param name   for people
     * @param role   what its units are
     * @param layer  it lies in
     * @param units  of each set of the whole group
     * @param widths from wide to narrow, one at least
     */
    public record Group(
            @JsonProperty(value = "name", required = true) String name,
            @JsonProperty(value = "role", required = true) String role,
            @JsonProperty(value = "layer", required = true) int layer,
            @JsonProperty(value = "units", required = true) int units,
            @JsonProperty(value = "widths", required = true) List<Width> widths) {

        public Group {
            Objects.requireNonNull(name, "a group's name is null");
            Objects.requireNonNull(role, "a group's role is null");
            widths = List.copyOf(widths);
            if (widths.isEmpty()) {
                throw new IllegalArgumentException("no width of " + name + " was measured");
            }
            int wider = units;
            for (Width width : widths) {
                if (width.kept >= wider || width.kept < 1) {
                    throw new IllegalArgumentException("%s keeps %d of %d units: widths go from wide to narrow"
                            .formatted(name, width.kept, units));
                }
                wider = width.kept;
            }
        }
    }

    /**
     * One width.
     *
     * @param kept       units of each set
     * @param divergence from the whole model, in nats a token
     */
    public record Width(
            @JsonProperty(value = "kept", required = true) int kept,

            @JsonProperty(value = "divergence", required = true)
            double divergence) {

        public Width {
            requireDivergence(divergence);
        }
    }

    /**
     * A branch that was left out.
     *
     * @param branch     {@code attention} or {@code mlp}
     * @param layer      it lies in
     * @param divergence from the whole model, in nats a token
     */
    public record Gone(
            @JsonProperty(value = "branch", required = true) String branch,
            @JsonProperty(value = "layer", required = true) int layer,

            @JsonProperty(value = "divergence", required = true)
            double divergence) {

        public Gone {
            Objects.requireNonNull(branch, "a branch is null");
            requireDivergence(divergence);
        }
    }

    private static void requireDivergence(double divergence) {
        if (!(divergence >= 0) || Double.isInfinite(divergence)) {
            throw new IllegalArgumentException("divergence is " + divergence + ", and no finite number from 0");
        }
    }

    /**
     * Reads a table.
     *
     * @throws Failure if the file is none of this version
     */
    public static WidthTable read(Path file) {
        WidthTable table = PlanFile.read(file, WidthTable.class, "table of widths", MADE);
        if (table.formatVersion != FORMAT_VERSION) {
            throw new Failure(
                    "table of widths has format version " + table.formatVersion,
                    file.toString(),
                    "make it again with '" + MADE + "'; this engine reads version " + FORMAT_VERSION);
        }
        return table;
    }

    /**
     * Refuses scores in whose order the units of this table did not go.
     *
     * @param where this file, for messages
     * @throws Failure if they are others
     */
    public void requireOf(ScoresFile scores, String where) {
        String sha256 = PlanFile.sha256(scores);
        if (!sha256.equals(scoresSha256)) {
            throw new Failure(
                    "the table of widths is of other scores (SHA-256 %s, not %s)".formatted(scoresSha256, sha256),
                    where,
                    "give the scores that it was measured with, or measure again with '" + MADE + "'");
        }
    }

    /**
     * The widths of a group.
     *
     * @throws Failure if none were measured, or the group has another size
     */
    Group of(Units units) {
        String role = ScoresFile.name(units.group().role());
        Group group = groups.stream()
                .filter(g -> g.layer() == units.layer() && g.role().equals(role))
                .findFirst()
                .orElseThrow(() -> missing("%s of layer %d".formatted(role, units.layer())));
        if (group.units() != units.perSet()) {
            throw new Failure(
                    "the table of widths has %d %s of layer %d where the model has %d"
                            .formatted(group.units(), role, units.layer(), units.perSet()),
                    source.path(),
                    "use the table of this model");
        }
        return group;
    }

    /**
     * What leaving a branch out does.
     *
     * @throws Failure if it was not measured
     */
    double of(Branch branch) {
        return gone.stream()
                .filter(g -> g.layer() == branch.layer()
                        && g.branch().equals(branch.kind().toString()))
                .findFirst()
                .map(Gone::divergence)
                .orElseThrow(() -> missing("the whole " + branch.name()));
    }

    /** Whether it says what leaving a branch out does. */
    boolean has(Branch branch) {
        return gone.stream()
                .anyMatch(g -> g.layer() == branch.layer()
                        && g.branch().equals(branch.kind().toString()));
    }

    private Failure missing(String what) {
        return new Failure(
                "the table of widths has nothing of " + what,
                source.path(),
                "measure it with '" + MADE + "', or leave it out of --units");
    }
}
