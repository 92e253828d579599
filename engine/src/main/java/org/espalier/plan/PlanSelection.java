package org.espalier.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Member;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.error.Failure;
import org.espalier.importance.ScoresFile;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.Transformer;
import org.espalier.tape.Branch;
import org.espalier.tape.Value;

/** Translates between what a plan keeps and which units go. */
public final class PlanSelection {

    /** Roles that have lists of their own in a plan. */
    private static final Set<Role> LISTED =
            EnumSet.of(Role.HEADS, Role.QUERY_HEADS, Role.NEURONS, Role.EXPERTS, Role.CHANNELS);

    private final ModelConfig config;
    private final Structure structure;
    private final List<Units> units;
    private final String where;

    /** @param where the plan's file, for messages */
    public PlanSelection(ModelConfig config, String where) {
        this(config, Structure.of(new Transformer(config).shape()), where);
    }

    /** Of a model whose structure is known. */
    PlanSelection(ModelConfig config, Structure structure, String where) {
        this.config = config;
        this.structure = structure;
        this.units = Stream.concat(structure.units().stream(), structure.vocabulary().stream())
                .toList();
        this.where = where;
    }

    /** What every layer that is not gone keeps. */
    public List<Plan.Layer> kept(Selection selection) {
        List<Plan.Layer> layers = new ArrayList<>();
        for (int layer : selection.keptLayers()) {
            LayerConfig sizes = config.layers().get(layer);
            BitSet kvHeads = all(gone(selection, layer, Branch.Kind.ATTENTION) ? 0 : sizes.kvHeads());
            BitSet heads = all(gone(selection, layer, Branch.Kind.ATTENTION) ? 0 : sizes.heads());
            BitSet neurons = all(gone(selection, layer, Branch.Kind.MLP) ? 0 : sizes.neurons());
            for (Units of : units) {
                BitSet gone = selection.removed(of);
                if (of.layer() == layer && !gone.isEmpty()) {
                    switch (of.group().role()) {
                        case HEADS -> {
                            kvHeads.andNot(gone);
                            heads.andNot(queriesOf(gone, sizes));
                        }
                        case QUERY_HEADS -> heads.andNot(gone);
                        case NEURONS -> neurons.andNot(gone);
                        case EXPERTS -> neurons.andNot(neuronsOf(gone, sizes));
                        default -> {}
                    }
                }
            }
            layers.add(new Plan.Layer(
                    layer,
                    heads.stream().toArray(),
                    kvHeads.stream().toArray(),
                    neurons.stream().toArray()));
        }
        return layers;
    }

    /** The channels of the residual stream that are kept, or null if all are. */
    public int[] keptChannels(Selection selection) {
        BitSet gone = channels().map(selection::removed).orElse(new BitSet());
        if (gone.isEmpty()) {
            return null;
        }
        BitSet kept = all(config.hidden());
        kept.andNot(gone);
        return kept.stream().toArray();
    }

    /**
     * What every group keeps that is cut and not gone as a whole.
     *
     * @param rounds what the width that is left of a group is a multiple of; null for any
     */
    List<Plan.Group> groups(Selection selection, Function<Units, Integer> rounds) {
        Set<String> left = selection.parameters().stream().map(Value::name).collect(Collectors.toSet());
        return units.stream()
                .filter(of -> !selection.removed(of).isEmpty()
                        && of.members().stream()
                                .anyMatch(
                                        member -> left.contains(member.tensor().name())))
                .map(of -> new Plan.Group(
                        of.group().name(),
                        ScoresFile.name(of.group().role()),
                        of.layer(),
                        selection.staying(of),
                        rounds.apply(of)))
                .toList();
    }

    /** Removes what a group does not keep, unless a list has said it already, in which case both must say the same. */
    private void group(Selection selection, Plan.Group kept) {
        Units of = units.stream()
                .filter(u -> u.layer() == kept.layer()
                        && ScoresFile.name(u.group().role()).equals(kept.role()))
                .findFirst()
                .orElseThrow(() -> bad("the model has no " + kept.role() + " of layer " + kept.layer()));
        BitSet gone = missing(kept.kept(), of.count(), kept.name(), kept.role());
        if (kept.kept().length == 0) {
            throw bad("the plan keeps none of the " + kept.role());
        }
        if (!LISTED.contains(of.group().role())) {
            selection.remove(of, gone.stream().toArray());
        } else if (!Arrays.equals(selection.staying(of), kept.kept())) {
            throw new Failure(
                    "the plan's layers and its group " + kept.name() + " keep different units",
                    where,
                    "make the same change in both, or leave out 'groups'");
        }
    }

    private boolean gone(Selection selection, int layer, Branch.Kind kind) {
        return structure.branch(layer, kind).filter(selection::removed).isPresent();
    }

    private void remove(Selection selection, int layer, Branch.Kind kind) {
        structure.branch(layer, kind).ifPresent(selection::remove);
    }

    /** What matrices keep that chose by themselves, or null if none did. */
    public List<Plan.Alone> keptAlone(Selection selection) {
        List<Plan.Alone> alone = new ArrayList<>();
        for (Units of : units) {
            Branch.Kind kind = of.group().role().inMlp() ? Branch.Kind.MLP : Branch.Kind.ATTENTION;
            for (Member member : of.members()) {
                if (selection.apart(of, member) && (of.layer() < 0 || !gone(selection, of.layer(), kind))) {
                    BitSet kept = all(of.count());
                    kept.andNot(selection.removed(of, member));
                    alone.add(new Plan.Alone(
                            member.tensor().name(),
                            member.axis(),
                            ScoresFile.name(of.group().role()),
                            kept.stream().toArray()));
                }
            }
        }
        return alone.isEmpty() ? null : alone;
    }

    private void alone(Selection selection, Plan.Alone kept) {
        for (Units of : units) {
            for (Member member : of.members()) {
                if (member.tensor().name().equals(kept.tensor())
                        && member.axis() == kept.axis()
                        && ScoresFile.name(of.group().role()).equals(kept.role())) {
                    BitSet gone = missing(kept.kept(), of.count(), kept.tensor(), kept.role());
                    if (gone.cardinality() != selection.removed(of).cardinality()) {
                        throw bad(kept.tensor() + " keeps other numbers of " + kept.role() + " than its layer");
                    }
                    selection.removeApart(of, List.of(member), gone.stream().toArray());
                    return;
                }
            }
        }
        throw bad("the model has no " + kept.role() + " in " + kept.tensor());
    }

    /**
     * The units that a plan removes.
     *
     * @throws Failure if it names what the model has not, keeps nothing at all, or is not possible
     */
    public Selection removed(Plan plan) {
        Selection selection = new Selection(structure);
        int next = 0;
        for (Plan.Layer kept : plan.kept().layers()) {
            if (kept.layer() < next || kept.layer() >= config.layers().size()) {
                throw bad("layer " + kept.layer() + " of " + config.layers().size() + " is out of order or range");
            }
            whole(selection, next, kept.layer());
            layer(selection, kept);
            next = kept.layer() + 1;
        }
        whole(selection, next, config.layers().size());
        if (selection.keptLayers().length == 0) {
            throw bad("plan keeps no layer");
        }
        if (plan.kept().channels() != null) {
            BitSet gone = missing(plan.kept().channels(), config.hidden(), "the plan", "channels");
            if (gone.cardinality() == config.hidden()) {
                throw bad("plan keeps no channels");
            }
            selection.remove(
                    channels().orElseThrow(() -> bad("the model has no channels that could go")),
                    gone.stream().toArray());
        }
        if (plan.kept().groups() != null) {
            plan.kept().groups().forEach(kept -> group(selection, kept));
        }
        if (plan.keptAlone() != null) {
            plan.keptAlone().forEach(kept -> alone(selection, kept));
        }
        return selection;
    }

    private void whole(Selection selection, int start, int end) {
        for (int layer = start; layer < end; layer++) {
            remove(selection, layer, Branch.Kind.ATTENTION);
            remove(selection, layer, Branch.Kind.MLP);
        }
    }

    private void layer(Selection selection, Plan.Layer kept) {
        int layer = kept.layer();
        LayerConfig sizes = config.layers().get(layer);
        BitSet kvHeads = missing(kept.keptKvHeads(), sizes.kvHeads(), "layer " + layer, "key/value heads");
        BitSet heads = missing(kept.keptHeads(), sizes.heads(), "layer " + layer, "heads");
        BitSet neurons = missing(kept.keptNeurons(), sizes.neurons(), "layer " + layer, "neurons");
        if ((kept.keptKvHeads().length == 0) != (kept.keptHeads().length == 0)) {
            throw bad("layer " + layer + " keeps heads without key/value heads, or those without heads");
        }
        if (kept.keptHeads().length == 0) {
            remove(selection, layer, Branch.Kind.ATTENTION);
        } else {
            remove(selection, layer, Role.HEADS, kvHeads);
            heads.andNot(queriesOf(kvHeads, sizes));
            int perHead = sizes.heads() / sizes.kvHeads();
            remove(
                    selection,
                    layer,
                    Role.QUERY_HEADS,
                    evenly(
                            heads,
                            kvHeads,
                            sizes.kvHeads(),
                            perHead,
                            "layer %d keeps unequal numbers of heads of its key/value heads".formatted(layer)));
        }
        if (kept.keptNeurons().length == 0) {
            remove(selection, layer, Branch.Kind.MLP);
        } else {
            neurons(selection, layer, sizes, neurons);
        }
    }

    /** An expert none of whose neurons are kept is gone. */
    private void neurons(Selection selection, int layer, LayerConfig sizes, BitSet gone) {
        if (sizes.experts() == 0) {
            remove(selection, layer, Role.NEURONS, gone);
            return;
        }
        int each = sizes.intermediate();
        BitSet experts = new BitSet();
        IntStream.range(0, sizes.experts())
                .filter(e -> gone.get(e * each, (e + 1) * each).cardinality() == each)
                .forEach(experts::set);
        remove(selection, layer, Role.EXPERTS, experts);
        gone.andNot(neuronsOf(experts, sizes));
        remove(
                selection,
                layer,
                Role.NEURONS,
                evenly(
                        gone,
                        experts,
                        sizes.experts(),
                        each,
                        "layer %d keeps unequal numbers of neurons of its experts".formatted(layer)));
    }

    private Optional<Units> channels() {
        return units.stream().filter(u -> u.group().role() == Role.CHANNELS).findFirst();
    }

    private void remove(Selection selection, int layer, Role role, BitSet gone) {
        if (gone.isEmpty()) {
            return;
        }
        Units of = units.stream()
                .filter(u -> u.layer() == layer && u.group().role() == role)
                .findFirst()
                .orElseThrow(() -> bad("layer " + layer + " has no " + role + " to remove"));
        if (of.perSet() - gone.cardinality() < of.least() && of.sets() == 1) {
            throw bad("layer " + layer + " keeps " + (of.perSet() - gone.cardinality())
                    + " of its experts, and each token is given to " + of.least());
        }
        selection.remove(of, gone.stream().toArray());
    }

    /** Every kept set must lose equally many units; those of removed sets are made to match. */
    private BitSet evenly(BitSet units, BitSet removedSets, int sets, int perSet, String unequal) {
        if (units.isEmpty()) {
            return units;
        }
        int[] counts = IntStream.range(0, sets)
                .filter(set -> !removedSets.get(set))
                .map(set -> units.get(set * perSet, (set + 1) * perSet).cardinality())
                .distinct()
                .toArray();
        if (counts.length != 1) {
            throw bad(unequal);
        }
        removedSets.stream().forEach(set -> units.set(set * perSet, set * perSet + counts[0]));
        return units;
    }

    private static BitSet neuronsOf(BitSet experts, LayerConfig sizes) {
        BitSet neurons = new BitSet();
        experts.stream().forEach(e -> neurons.set(e * sizes.intermediate(), (e + 1) * sizes.intermediate()));
        return neurons;
    }

    private static BitSet queriesOf(BitSet kvHeads, LayerConfig sizes) {
        BitSet queries = new BitSet();
        int perHead = sizes.kvHeads() == 0 ? 0 : sizes.heads() / sizes.kvHeads();
        kvHeads.stream().forEach(g -> queries.set(g * perHead, (g + 1) * perHead));
        return queries;
    }

    private BitSet missing(int[] kept, int count, String holder, String subject) {
        BitSet missing = all(count);
        int previous = -1;
        for (int unit : kept) {
            if (unit <= previous || unit >= count) {
                throw bad(holder + " keeps " + subject + " " + unit + " of " + count + ", out of order or range");
            }
            missing.clear(unit);
            previous = unit;
        }
        return missing;
    }

    private static BitSet all(int count) {
        BitSet bits = new BitSet();
        bits.set(0, count);
        return bits;
    }

    private Failure bad(String subject) {
        return new Failure(subject, where, "use the plan that belongs to this model, or make one with 'engine plan'");
    }
}
