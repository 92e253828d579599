package org.espalier.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.espalier.couple.Group;
import org.espalier.couple.Groups;
import org.espalier.couple.Member;
import org.espalier.tape.Value;
import org.espalier.tensor.Shape;

/**
 * The groups of a model, those that differ only by the layer they lie in and by size counted as one: what pictures show.
 * Layers are read off the numbers in the tensors' names, for showing only.
 *
 * @param kinds  in the order of their first groups
 * @param frozen what cannot be removed
 */
public record GroupKinds(List<Kind> kinds, List<Whole> frozen) {

    private static final Pattern NUMBER = Pattern.compile("(?:^|\\.)(\\d+)\\.");

    /**
     * Groups alike.
     *
     * @param groups of which the first stands for all in a drawing
     * @param layers the layer that each lies in; empty if it lies in none or in several
     * @param parts  their members, alike ones counted as one
     */
    public record Kind(List<Group> groups, List<Integer> layers, List<Part> parts) {

        /** One of the groups. */
        public Group first() {
            return groups.getFirst();
        }
    }

    /**
     * Members alike.
     *
     * @param members of which the first stands for all in a drawing
     * @param name    without the layer's number and what is before it
     * @param layers  the layer of each, if they are members of one group that runs through several
     */
    public record Part(List<Member> members, String name, List<Integer> layers) {

        /** One of the members. */
        public Member first() {
            return members.getFirst();
        }
    }

    /**
     * Axes that cannot be made smaller, for the same reason.
     *
     * @param axes   names of tensors and axes, without the layers' numbers
     * @param layers of each of them
     * @param frozen all of them
     */
    public record Whole(List<String> axes, List<Integer> layers, List<Groups.Frozen> frozen) {}

    private record Like(
            Group.Role role, boolean tied, boolean normalised, List<Integer> within, List<LikePart> parts) {}

    private record LikePart(String name, int axis) {}

    private record LikeFrozen(String reason, boolean whole, List<Integer> layers) {}

    public GroupKinds {
        kinds = List.copyOf(kinds);
        frozen = List.copyOf(frozen);
    }

    /** Takes together what is alike. */
    public static GroupKinds of(Groups groups) {
        Map<Like, Kind> kinds = new LinkedHashMap<>();
        for (Group group : groups.groups()) {
            List<Integer> layers = layers(group.members().stream().map(Member::tensor));
            boolean inOne = layers.size() == 1;
            Map<LikePart, List<Member>> members = group.members().stream()
                    .collect(Collectors.groupingBy(
                            m -> new LikePart(rest(m.tensor().name()), m.axis()),
                            LinkedHashMap::new,
                            Collectors.toList()));
            Like traits = new Like(
                    group.role(),
                    group.tied(),
                    group.normalised(),
                    inOne ? List.of() : layers,
                    List.copyOf(members.keySet()));
            Kind kind = kinds.computeIfAbsent(
                    traits,
                    l -> new Kind(
                            new ArrayList<>(),
                            new ArrayList<>(),
                            members.entrySet().stream()
                                    .map(e -> new Part(
                                            new ArrayList<>(),
                                            e.getKey().name,
                                            inOne
                                                    ? List.of()
                                                    : layers(e.getValue().stream()
                                                            .map(Member::tensor))))
                                    .toList()));
            kind.groups.add(group);
            kind.layers.addAll(inOne ? layers : List.of());
            int part = 0;
            for (List<Member> alike : members.values()) {
                kind.parts.get(part++).members.addAll(alike);
            }
        }
        return new GroupKinds(List.copyOf(kinds.values()), frozen(groups.frozen()));
    }

    private static List<Whole> frozen(List<Groups.Frozen> frozen) {
        Map<String, List<Groups.Frozen>> byAxis = frozen.stream()
                .collect(Collectors.groupingBy(
                        f -> axis(f) + " " + f.whole() + " " + f.reason(), LinkedHashMap::new, Collectors.toList()));
        Map<LikeFrozen, Whole> wholes = new LinkedHashMap<>();
        for (List<Groups.Frozen> alike : byAxis.values()) {
            Groups.Frozen first = alike.getFirst();
            List<Integer> layers = layers(alike.stream().map(Groups.Frozen::tensor));
            Whole whole = wholes.computeIfAbsent(
                    new LikeFrozen(first.reason(), first.whole(), layers),
                    l -> new Whole(new ArrayList<>(), layers, new ArrayList<>()));
            whole.axes.add(axis(first));
            whole.frozen.addAll(alike);
        }
        return List.copyOf(wholes.values());
    }

    private static List<Integer> layers(Stream<Value> tensors) {
        return List.copyOf(
                tensors.map(t -> layer(t.name())).filter(l -> l >= 0).collect(Collectors.toCollection(TreeSet::new)));
    }

    private static String axis(Groups.Frozen frozen) {
        return rest(frozen.tensor().name()) + " " + axisName(frozen.tensor().shape(), frozen.axis());
    }

    /** What an axis of a tensor is called. */
    public static String axisName(Shape shape, int axis) {
        if (shape.rank() == 1) {
            return "entries";
        }
        return shape.rank() > 2 ? "axis " + axis : axis == 0 ? "rows" : "columns";
    }

    /** What one unit of a group is. */
    public static String unit(Group group) {
        return switch (group.role()) {
            case HEADS -> "a key/value head with its query heads";
            case QUERY_HEADS -> "a query head of every key/value head";
            case HEAD_DIMENSIONS ->
                group.tied()
                        ? "a pair of dimensions that positions turn, in every head"
                        : "a dimension of the queries and keys of every head";
            case VALUE_DIMENSIONS -> "a dimension of the values of every head";
            case CHANNELS -> "a channel of the residual stream";
            case EXPERTS -> "an expert with its row of the router";
            case TOKENS -> "a token";
            case NEURONS -> group.sets() > 1 ? "a neuron of every expert" : "a neuron";
        };
    }

    /** What a kind is called, for example {@code neurons of layers 0–29}. */
    public static String title(Kind kind) {
        String name = kind.first().role().name().toLowerCase(Locale.ROOT).replace('_', ' ');
        return name + (kind.layers.isEmpty() ? "" : " of " + text(kind.layers));
    }

    /** How many units there are, and what each of them is and carries. */
    public static String sizes(Kind kind) {
        int count = kind.groups.size();
        long all = kind.groups.stream().mapToLong(Group::units).sum();
        String together = count > 1 ? String.format(Locale.ROOT, " in each layer, %,d in all", all) : "";
        return range(kind.groups.stream().mapToLong(Group::units)) + " units" + together + ", "
                + range(kind.groups.stream().mapToLong(Group::parametersPerUnit)) + " parameters each: "
                + unit(kind.first());
    }

    /** How much of an axis one unit is, for example {@code 64 of 192}. */
    public static String share(Part part) {
        return range(part.members.stream().mapToLong(Member::entriesPerUnit)) + " of "
                + range(part.members.stream().mapToLong(m -> m.tensor().shape().dim(m.axis())));
    }

    /** One number if all are equal, else the smallest and the largest. */
    public static String range(LongStream numbers) {
        LongSummaryStatistics all = numbers.summaryStatistics();
        String least = String.format(Locale.ROOT, "%,d", all.getMin());
        return all.getMin() == all.getMax() ? least : least + String.format(Locale.ROOT, "–%,d", all.getMax());
    }

    /** For example {@code layers 0–3, 7}; empty for none. */
    public static String text(List<Integer> layers) {
        List<String> ranges = new ArrayList<>();
        for (int i = 0; i < layers.size(); i++) {
            int first = i;
            while (i + 1 < layers.size() && layers.get(i + 1) == layers.get(i) + 1) {
                i++;
            }
            ranges.add(first == i ? layers.get(i).toString() : layers.get(first) + "–" + layers.get(i));
        }
        return layers.isEmpty() ? "" : (layers.size() == 1 ? "layer " : "layers ") + String.join(", ", ranges);
    }

    private static int layer(String name) {
        Matcher number = NUMBER.matcher(name);
        return number.find() ? Integer.parseInt(number.group(1)) : -1;
    }

    private static String rest(String name) {
        Matcher number = NUMBER.matcher(name);
        String rest = number.find() ? name.substring(number.end()) : name;
        return NUMBER.matcher(rest).replaceAll(".*."); // Weights that experts use in the same place are alike.
    }
}
