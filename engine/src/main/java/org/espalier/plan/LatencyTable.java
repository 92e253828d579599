package org.espalier.plan;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.espalier.couple.Selection;
import org.espalier.couple.Units;
import org.espalier.error.Failure;
import org.espalier.importance.ScoresFile;
import org.espalier.tape.Branch;

/**
 * How long a model takes whole, and how much less where branches of it are narrower, as it was measured in whole passes and is
 * written. A layer's share is what all layers together save, over their number.
 *
 * @param formatVersion of this file
 * @param source        the model
 * @param machine       that it was measured on
 * @param protocol      how it was measured
 * @param whole         what the whole model takes
 * @param groups        branches of one size
 */
public record LatencyTable(
        @JsonProperty(value = "format_version", required = true)
        int formatVersion,

        @JsonProperty(value = "source", required = true) ScoresFile.Source source,
        @JsonProperty(value = "machine", required = true) Machine machine,
        @JsonProperty(value = "protocol", required = true) Protocol protocol,
        @JsonProperty(value = "whole", required = true) Times whole,
        @JsonProperty(value = "groups", required = true) List<Group> groups) {

    /** The version that is written. */
    public static final int FORMAT_VERSION = 1;

    private static final String MADE = "engine bench --widths";

    public LatencyTable {
        Objects.requireNonNull(source, "source is null");
        Objects.requireNonNull(machine, "machine is null");
        Objects.requireNonNull(protocol, "protocol is null");
        Objects.requireNonNull(whole, "whole is null");
        groups = List.copyOf(groups);
        for (Group group : groups) {
            for (Width width : group.widths) {
                if ((width.saved.prefill == null) != (whole.prefill == null)
                        || (width.saved.decode == null) != (whole.decode == null)) {
                    throw new IllegalArgumentException(
                            "a width of %s says of other times than the whole model".formatted(group.role));
                }
            }
        }
    }

    /**
     * What was measured on.
     *
     * @param device  {@code cpu}, {@code cuda}
     * @param cpu     name of the processor
     * @param threads that computed
     */
    public record Machine(
            @JsonProperty(value = "device", required = true) String device,
            @JsonProperty(value = "cpu", required = true) String cpu,

            @JsonProperty(value = "threads", required = true)
            int threads) {}

    /**
     * How it was measured.
     *
     * @param prompt      tokens that were read as one prompt; 0 for none
     * @param generate    tokens that were written one by one; 0 for none
     * @param repetitions of each width, in turns with the whole model
     * @param seed        of the tokens
     */
    public record Protocol(
            @JsonProperty(value = "prompt", required = true) int prompt,

            @JsonProperty(value = "generate", required = true)
            int generate,

            @JsonProperty(value = "repetitions", required = true)
            int repetitions,

            @JsonProperty(value = "seed", required = true) long seed) {}

    /**
     * Microseconds.
     *
     * @param prefill of the whole prompt; null if none was read
     * @param decode  of one token; null if none was written
     */
    public record Times(
            @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("prefill")
            Double prefill,

            @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("decode")
            Double decode) {

        public Times {
            requireFinite(prefill);
            requireFinite(decode);
        }

        private static void requireFinite(Double time) {
            if (time != null && !Double.isFinite(time)) {
                throw new IllegalArgumentException("a time is " + time);
            }
        }
    }

    /**
     * Branches of one kind and size.
     *
     * @param branch {@code attention} or {@code mlp}
     * @param role   what its units are
     * @param units  of each set of the whole group
     * @param layers that have such
     * @param widths from wide to narrow; 0 stands for a branch that is left out
     */
    public record Group(
            @JsonProperty(value = "branch", required = true) String branch,
            @JsonProperty(value = "role", required = true) String role,
            @JsonProperty(value = "units", required = true) int units,
            @JsonProperty(value = "layers", required = true) int layers,
            @JsonProperty(value = "widths", required = true) List<Width> widths) {

        public Group {
            Objects.requireNonNull(branch, "a branch is null");
            Objects.requireNonNull(role, "a role is null");
            widths = List.copyOf(widths);
            int wider = units;
            for (Width width : widths) {
                if (width.kept >= wider || width.kept < 0) {
                    throw new IllegalArgumentException(
                            "%d of %d %s are kept: widths go from wide to narrow".formatted(width.kept, units, role));
                }
                wider = width.kept;
            }
        }
    }

    /**
     * One width.
     *
     * @param kept  units of each set
     * @param saved microseconds that a layer of this width saves
     */
    public record Width(
            @JsonProperty(value = "kept", required = true) int kept,
            @JsonProperty(value = "saved", required = true) Times saved) {

        public Width {
            Objects.requireNonNull(saved, "what a width saves is null");
        }
    }

    /**
     * What is to be fast.
     *
     * @param prompt   tokens that are read; 0 for none
     * @param generate tokens that are written; 0 for none
     * @param exact    whether the table must have been measured with as many
     */
    public record Use(int prompt, int generate, boolean exact) {

        /** One token that is written. */
        public static final Use DECODE = new Use(0, 1, false);

        /** The prompt that was measured. */
        public static final Use PREFILL = new Use(1, 0, false);

        /** As on the command line. */
        @Override
        public String toString() {
            return exact ? prompt + "+" + generate : prompt > 0 ? "prefill" : "decode";
        }
    }

    /**
     * Reads a table.
     *
     * @throws Failure if the file is none of this version
     */
    public static LatencyTable read(Path file) {
        LatencyTable table = PlanFile.read(file, LatencyTable.class, "table of latencies", MADE);
        if (table.formatVersion != FORMAT_VERSION) {
            throw new Failure(
                    "table of latencies has format version " + table.formatVersion,
                    file.toString(),
                    "make it again with '" + MADE + "'; this engine reads version " + FORMAT_VERSION);
        }
        return table;
    }

    /**
     * Refuses to answer what was not measured.
     *
     * @param where this file, for messages
     * @throws Failure if the table has no such times
     */
    public void require(Use use, String where) {
        boolean other = use.exact && (use.prompt != protocol.prompt || use.generate != protocol.generate);
        if (other || use.prompt > 0 && whole.prefill == null || use.generate > 0 && whole.decode == null) {
            throw new Failure(
                    "the table of latencies is of %d tokens read and %d written, not of %s"
                            .formatted(protocol.prompt, protocol.generate, use),
                    where,
                    "measure again with '%s%s'"
                            .formatted(
                                    MADE,
                                    use.exact
                                            ? " --prompt " + use.prompt + " --generate " + use.generate
                                            : use.prompt > 0 ? " --prompt N" : " --generate N"));
        }
    }

    /**
     * Microseconds that a selection leaves.
     *
     * @throws Failure if something goes of which nothing was measured
     */
    public double microseconds(Selection selection, Use use) {
        double left = of(whole, use);
        for (Branch branch : selection.structure().branches()) {
            if (selection.removed(branch)) {
                left -= saved(gone(selection, branch), 0, use);
            }
        }
        for (Units units : selection.structure().units()) {
            int removed = selection.removed(units).get(0, units.perSet()).cardinality();
            if (removed > 0 && !inGoneBranch(selection, units)) {
                left -= saved(group(units), units.perSet() - removed, use);
            }
        }
        return left;
    }

    private static Branch.Kind kind(Units units) {
        return units.group().role().inMlp() ? Branch.Kind.MLP : Branch.Kind.ATTENTION;
    }

    private static boolean inGoneBranch(Selection selection, Units units) {
        return selection
                .structure()
                .branch(units.layer(), kind(units))
                .filter(selection::removed)
                .isPresent();
    }

    /** The group whose last width is the branch left out. */
    private Group gone(Selection selection, Branch branch) {
        return selection.structure().units().stream()
                .filter(units -> units.layer() == branch.layer() && kind(units) == branch.kind())
                .flatMap(units -> find(units).stream())
                .filter(group -> !group.widths.isEmpty() && group.widths.getLast().kept == 0)
                .findFirst()
                .orElseThrow(() -> missing("the whole " + branch.name()));
    }

    private Group group(Units units) {
        return find(units)
                .filter(group -> !group.widths.isEmpty() && group.widths.getFirst().kept > 0)
                .orElseThrow(() -> missing(
                        "%s of layer %d".formatted(ScoresFile.name(units.group().role()), units.layer())));
    }

    private Optional<Group> find(Units units) {
        return groups.stream()
                .filter(group ->
                        group.role.equals(ScoresFile.name(units.group().role())) && group.units == units.perSet())
                .findFirst();
    }

    private Failure missing(String what) {
        return new Failure(
                "the table of latencies has nothing of " + what,
                source.path(),
                "measure it with '" + MADE + " --units U', or leave it out of --units");
    }

    /**
     * In a straight line between the two measured widths next to it, or through the two last ones. What was measured is noisy, and a
     * narrower branch takes no longer: widths that say so are taken together.
     */
    private static double saved(Group group, int kept, Use use) {
        // A branch that is there takes more than one that is not.
        List<Width> widths = kept == 0
                ? group.widths
                : group.widths.stream().filter(width -> width.kept > 0).toList();
        double[] rising = Rising.of(
                widths.stream().mapToDouble(width -> of(width.saved, use)).toArray());
        int wider = group.units;
        int wide = group.units;
        double atWider = 0;
        double atWide = 0;
        for (int i = 0; i < rising.length && wide > kept; i++) {
            wider = wide;
            atWider = atWide;
            wide = widths.get(i).kept;
            atWide = rising[i];
        }
        return wide == wider ? atWide : atWider + (atWide - atWider) * (wider - kept) / (wider - wide);
    }

    private static double of(Times times, Use use) {
        double prefill = use.prompt > 0 ? times.prefill : 0;
        double decode = use.generate > 0 ? use.generate * times.decode : 0;
        return prefill + decode;
    }
}
