package org.espalier.job;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.error.Failure;
import org.espalier.error.Printable;
import org.espalier.importance.Candidates;
import org.espalier.model.ModelConfig;
import org.espalier.model.NamePattern;
import org.espalier.model.Transformer;
import org.espalier.plan.Budget;

/** Groups of units that people name: what must stay, and what loses a share of its own. */
final class NamedGroups {

    private final List<Units> units;

    NamedGroups(ModelConfig config) {
        this.units = Structure.of(new Transformer(config).shape()).units();
    }

    /**
     * A budget in which some groups stay whole and others lose shares of their own. What is said of groups goes before what is said
     * of layers, and what stays before what goes.
     *
     * @throws Failure if a name means no group, or none that may lose units
     */
    Budget in(Budget usual, List<String> kept, List<GroupShare> shares) {
        List<Units> staying = kept.stream()
                .flatMap(name -> named("--keep " + name, name).stream())
                .toList();
        List<Units> losing = new ArrayList<>();
        Map<String, Double> byName = new HashMap<>();
        for (GroupShare share : shares) {
            for (Units group : losing(usual.candidates().roles(), share)) {
                if (!staying.contains(group)) {
                    losing.add(group);
                    byName.put(group.group().name(), share.share());
                }
            }
        }
        return usual.with(candidates(usual.candidates(), staying, losing), byName);
    }

    private static Candidates candidates(Candidates usual, List<Units> staying, List<Units> losing) {
        boolean channelsStay = staying.stream().anyMatch(group -> group.group().role() == Role.CHANNELS);
        return new Candidates(
                usual.roles().stream()
                        .filter(role -> !(channelsStay && role == Role.CHANNELS))
                        .toList(),
                usual.blocks(),
                usual.blockCriterion(),
                layer -> !anyIn(staying, layer, false)
                        && (usual.attentionLayers().test(layer) || anyIn(losing, layer, false)),
                layer -> !anyIn(staying, layer, true) && (usual.mlpLayers().test(layer) || anyIn(losing, layer, true)),
                usual.dependency());
    }

    /** Whether any of some groups is what a layer's MLP, or else its attention, consists of. */
    private static boolean anyIn(List<Units> groups, int layer, boolean mlp) {
        return groups.stream()
                .anyMatch(
                        group -> group.layer() == layer && group.group().role().inMlp() == mlp);
    }

    private List<Units> losing(List<Role> roles, GroupShare share) {
        String option = "--ratio " + share.name() + "=" + share.share();
        List<Units> meant = named(option, share.name());
        List<Units> losing = meant.stream()
                .filter(group -> roles.contains(group.group().role()))
                .toList();
        if (losing.isEmpty()) {
            throw new Failure(
                    "of " + meant.getFirst().group().name() + " nothing may go",
                    option,
                    "let units of its kind go with --units");
        }
        return losing;
    }

    /**
     * The groups that a name means: whole parts of theirs that follow each other, where {@code *} stands for anything within a
     * part. {@code layers.5} means all of a layer, {@code mlp} all MLPs, {@code model.layers.5.mlp.neurons} one group.
     */
    private List<Units> named(String option, String name) {
        Pattern meant = NamePattern.ofParts(name);
        List<Units> found = units.stream()
                .filter(group -> meant.matcher(group.group().name()).matches())
                .toList();
        if (found.isEmpty()) {
            throw new Failure(
                    "no group of the model is called " + Printable.quoted(name),
                    option,
                    "name it as plan.json does, such as "
                            + units.getLast().group().name() + ", or a part of that");
        }
        return found;
    }
}
