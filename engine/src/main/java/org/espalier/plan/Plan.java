package org.espalier.plan;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.espalier.importance.ScoresFile;

/**
 * What is kept of a model, and why: everything needed to apply, compare or repeat a pruning. Indices are those of the
 * source, ascending; a layer removed whole is absent.
 *
 * @param formatVersion of this file
 * @param source        the model that it is for
 * @param choice        how it was chosen what goes
 * @param parameters    that there are
 * @param calibration   what scores were computed on; null if nothing
 * @param seed          of everything random
 * @param kept          what layers and groups keep
 * @param fitted        how what stays was made to make up for what is gone; null if it was not, and in version 1
 * @param keptAlone     what matrices keep that chose by themselves; null if what depends on each other went together
 */
public record Plan(
        @JsonProperty(value = "format_version", required = true)
        int formatVersion,

        @JsonProperty(value = "source", required = true) ScoresFile.Source source,
        @JsonUnwrapped Choice choice,
        @JsonUnwrapped Parameters parameters,

        @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("calibration")
        ScoresFile.Calibration calibration,

        @JsonProperty(value = "seed", required = true) long seed,
        @JsonUnwrapped Kept kept,

        @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("fitted")
        Fitted fitted,

        @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("kept_alone")
        List<Alone> keptAlone) {

    /** The version that is written; version 1, which knows no groups, is read as well. */
    public static final int FORMAT_VERSION = 2;

    public Plan {
        Requirements.required(source, "source");
        if (keptAlone != null) {
            keptAlone.forEach(alone -> Requirements.required(alone, "one of kept_alone"));
        }
    }

    /**
     * How many parameters there are.
     *
     * @param before of the source
     * @param after  of what is left
     */
    public record Parameters(
            @JsonProperty(value = "parameters_before", required = true)
            long before,

            @JsonProperty(value = "parameters_after", required = true)
            long after) {

        public Parameters {
            if (before < 1 || after < 0) {
                throw new IllegalArgumentException("parameters_before is below 1, or parameters_after below 0");
            }
        }

        /** The share that goes. */
        public double removed() {
            return 1 - (double) after / before;
        }
    }

    /**
     * What is kept.
     *
     * @param layers   what each kept layer keeps
     * @param channels of the residual stream; null if all are
     * @param groups   what every group keeps that was cut, whatever it is; null in version 1
     * @param gates    how gates were learned that chose it, from scores on; null if scores alone did
     */
    public record Kept(
            @JsonProperty(value = "layers", required = true) List<Layer> layers,

            @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("kept_channels")
            int[] channels,

            @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("groups")
            List<Group> groups,

            @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("gates")
            Gates gates) {

        /** Chosen by scores alone. */
        public Kept(List<Layer> layers, int[] channels, List<Group> groups) {
            this(layers, channels, groups, null);
        }

        /** What a layer keeps; empty if it goes whole. */
        public Optional<Layer> layer(int number) {
            int low = 0;
            int high = layers.size();
            while (low < high) {
                int middle = (low + high) >>> 1;
                if (layers.get(middle).layer() < number) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            return low < layers.size() && layers.get(low).layer() == number
                    ? Optional.of(layers.get(low))
                    : Optional.empty();
        }

        /** What the vocabulary keeps, if it was cut. */
        public Optional<Group> tokens() {
            return groups == null
                    ? Optional.empty()
                    : groups.stream()
                            .filter(group -> group.role().equals(Group.TOKENS))
                            .findFirst();
        }

        public Kept {
            Requirements.required(layers, "layers");
            layers.forEach(layer -> Requirements.required(layer, "one of the layers"));
            for (int i = 1; i < layers.size(); i++) {
                if (layers.get(i).layer() <= layers.get(i - 1).layer()) {
                    throw new IllegalArgumentException(
                            "layer " + layers.get(i).layer() + " does not come in ascending order, each once");
                }
            }
            if (channels != null) {
                Requirements.requireUnits(channels, "kept_channels");
            }
            if (groups != null) {
                groups.forEach(group -> Requirements.required(group, "one of the groups"));
            }
        }
    }

    /**
     * What a layer keeps.
     *
     * @param layer       number in the source
     * @param keptHeads   query heads
     * @param keptKvHeads key/value heads
     * @param keptNeurons neurons of the MLP
     */
    public record Layer(
            @JsonProperty(value = "layer", required = true) int layer,

            @JsonProperty(value = "kept_heads", required = true)
            int[] keptHeads,

            @JsonProperty(value = "kept_kv_heads", required = true)
            int[] keptKvHeads,

            @JsonProperty(value = "kept_neurons", required = true)
            int[] keptNeurons) {

        public Layer {
            Requirements.requireLayer(layer, 0);
            Requirements.requireUnits(keptHeads, "kept_heads");
            Requirements.requireUnits(keptKvHeads, "kept_kv_heads");
            Requirements.requireUnits(keptNeurons, "kept_neurons");
        }
    }

    /**
     * What a group keeps. Heads, key/value heads, neurons and channels stand in the lists above as well.
     *
     * @param name  for people
     * @param role  what its units are
     * @param layer number in the source, −1 if it runs through several
     * @param kept  units
     * @param round entries that the width which is left is a multiple of; null for any
     * @param counted where the uses of its units were counted, which are tokens; null for all others
     */
    public record Group(
            @JsonProperty(value = "name", required = true) String name,
            @JsonProperty(value = "role", required = true) String role,
            @JsonProperty(value = "layer", required = true) int layer,
            @JsonProperty(value = "kept", required = true) int[] kept,

            @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("round")
            Integer round,

            @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("counted")
            Counted counted) {

        /** The role of units that are counted. */
        private static final String TOKENS = "tokens";

        /** Of units that were not counted. */
        public Group(String name, String role, int layer, int[] kept, Integer round) {
            this(name, role, layer, kept, round, null);
        }

        /** The same, which says where its units were counted. */
        Group with(Counted texts) {
            return new Group(name, role, layer, kept, round, texts);
        }

        public Group {
            Requirements.required(name, "a group's name");
            Requirements.required(role, "a group's role");
            Requirements.requireLayer(layer, -1);
            Requirements.requireUnits(kept, "what a group keeps");
            Requirements.requireRound(round);
        }
    }

    /**
     * Texts in which tokens were counted.
     *
     * @param sha256 of the files
     * @param tokens that they have
     * @param least  uses that a token needed to stay; null where their number was given
     */
    public record Counted(
            @JsonProperty(value = "sha256", required = true) String sha256,
            @JsonProperty(value = "tokens", required = true) long tokens,

            @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("least")
            Long least) {

        public Counted {
            Requirements.required(sha256, "the hash of the texts in which tokens were counted");
        }
    }

    /** The same plan, which says where tokens were counted. */
    public Plan with(Counted texts) {
        List<Group> groups = kept.groups().stream()
                .map(group -> group.role().equals(Group.TOKENS) ? group.with(texts) : group)
                .toList();
        return new Plan(
                formatVersion,
                source,
                choice,
                parameters,
                calibration,
                seed,
                new Kept(kept.layers(), kept.channels(), groups, kept.gates()),
                fitted,
                keptAlone);
    }

    /**
     * How gates were learned.
     *
     * @param tokens  of calibration text that they were learned on, each as often as it was seen
     * @param updates that were made
     * @param rate    the highest
     * @param before  divergence from the dense model of what scores alone would leave, in nats a token of text held out
     * @param after   the same of what gates leave; before anything is fitted
     */
    public record Gates(
            @JsonProperty(value = "tokens", required = true) long tokens,

            @JsonProperty(value = "updates", required = true)
            int updates,

            @JsonProperty(value = "rate", required = true) double rate,

            @JsonProperty(value = "divergence_before", required = true)
            double before,

            @JsonProperty(value = "divergence_after", required = true)
            double after) {}

    /**
     * How what stays was made to make up for what is gone.
     *
     * @param method  {@code bias} or {@code lstsq}
     * @param ridge   share of each input's own sum of squares that held its weights in a fit; null for biases, and where each
     *                branch has its own
     * @param ridges  these, by the parameter that was fitted; null if all have the same
     * @param samples calibration sequences that it was computed on
     * @param seqLen  ids in the longest of them
     */
    public record Fitted(
            @JsonProperty(value = "method", required = true) String method,

            @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("ridge")
            Double ridge,

            @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("ridges")
            Map<String, Double> ridges,

            @JsonProperty(value = "samples", required = true)
            int samples,

            @JsonProperty(value = "seq_len", required = true)
            int seqLen) {

        /** All held alike. */
        public Fitted(String method, Double ridge, int samples, int seqLen) {
            this(method, ridge, null, samples, seqLen);
        }

        public Fitted {
            Requirements.required(method, "how it was fitted");
        }
    }

    /** The same plan with how gates were learned. */
    public Plan with(Gates gates) {
        return new Plan(
                formatVersion,
                source,
                choice,
                parameters,
                calibration,
                seed,
                new Kept(kept.layers(), kept.channels(), kept.groups(), gates),
                fitted,
                keptAlone);
    }

    /** What decided what is kept, in words. */
    public String chosenBy() {
        return kept.gates() == null ? choice.criterion() : choice.criterion() + " and learned gates";
    }

    /** The same plan with how what stays was fitted. */
    public Plan with(Fitted how) {
        return new Plan(formatVersion, source, choice, parameters, calibration, seed, kept, how, keptAlone);
    }

    /**
     * What one axis of a tensor keeps of a kind of units, whatever else does.
     *
     * @param tensor its name
     * @param axis   0 for rows, 1 for columns
     * @param role   the kind of units
     * @param kept   units of that kind
     */
    public record Alone(
            @JsonProperty(value = "tensor", required = true) String tensor,
            @JsonProperty(value = "axis", required = true) int axis,
            @JsonProperty(value = "role", required = true) String role,
            @JsonProperty(value = "kept", required = true) int[] kept) {

        public Alone {
            Requirements.required(tensor, "a tensor that chose by itself");
            Requirements.required(role, "a role");
            Requirements.requireUnits(kept, "what a tensor keeps");
        }
    }
}
