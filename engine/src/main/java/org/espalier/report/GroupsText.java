package org.espalier.report;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.couple.Groups;
import org.espalier.couple.Member;
import org.espalier.error.Printable;
import org.espalier.report.GroupKinds.Kind;
import org.espalier.report.GroupKinds.Part;
import org.espalier.report.GroupKinds.Whole;
import org.espalier.tape.Value;

/**
 * Groups as a picture for a terminal: a box for every kind, in it a bar for every axis that shows where the first unit
 * lies.
 */
public final class GroupsText {

    private static final int CELLS = 24;
    private static final String LEGEND =
            "█ the first unit   ▒ a part of it   ░ the other units   · no part of the group";

    private GroupsText() {}

    /** The whole picture, under a heading. */
    public static String of(String heading, GroupKinds groups) {
        List<String> titles = groups.kinds().stream().map(GroupKinds::title).toList();
        List<List<String>> boxes =
                groups.kinds().stream().map(GroupsText::inside).toList();
        int width = Stream.concat(
                        titles.stream().map(t -> t + "  "), boxes.stream().flatMap(List::stream))
                .mapToInt(String::length)
                .max()
                .orElse(0);
        List<String> lines = new ArrayList<>(List.of(Printable.line(heading), LEGEND));
        for (int i = 0; i < boxes.size(); i++) {
            lines.add("");
            lines.add("╭─ " + titles.get(i) + " "
                    + "─".repeat(width - titles.get(i).length() - 1) + "╮");
            boxes.get(i).forEach(line -> lines.add("│ " + line + " ".repeat(width - line.length()) + " │"));
            lines.add("╰" + "─".repeat(width + 2) + "╯");
        }
        lines.addAll(frozen(groups.frozen()));
        return String.join(System.lineSeparator(), lines);
    }

    /** What cannot be removed, in short: whole axes, then parts of axes. */
    static List<String> frozen(List<Whole> all) {
        return Stream.concat(
                        frozen("What stays whole", all, true).stream(),
                        frozen("Parts of axes that stay whole", all, false).stream())
                .toList();
    }

    private static List<String> inside(Kind kind) {
        List<String> lines = new ArrayList<>(List.of(GroupKinds.sizes(kind)));
        List<List<String>> cells =
                kind.parts().stream().map(p -> cells(p, kind.first().units())).toList();
        int[] widths = IntStream.range(0, cells.getFirst().size())
                .map(c -> cells.stream().mapToInt(r -> r.get(c).length()).max().orElse(0))
                .toArray();
        for (List<String> row : cells) {
            lines.add(IntStream.range(0, row.size())
                    .filter(c -> widths[c] > 0)
                    .mapToObj(
                            c -> row.get(c) + " ".repeat(widths[c] - row.get(c).length()))
                    .collect(Collectors.joining("  "))
                    .stripTrailing());
        }
        return lines;
    }

    private static List<String> cells(Part part, long units) {
        Member member = part.first();
        boolean scored = member.tensor().role() == Value.Role.PARAMETER;
        return List.of(
                GroupKinds.text(part.layers()),
                part.name(),
                GroupKinds.axisName(member.tensor().shape(), member.axis()),
                bar(member, units),
                GroupKinds.share(part) + (scored ? "" : ", no parameter"));
    }

    /** An axis in a few cells, each showing whether the first unit, other units or nothing of the group lies there. */
    static String bar(Member member, long units) {
        int extent = member.tensor().shape().extent(member.axis());
        int cells = Math.min(CELLS, extent);
        int[] first = new int[cells];
        int[] any = new int[cells];
        for (long unit = 0; unit < units; unit++) {
            for (long entry : member.entries(unit)) {
                int cell = (int) (entry * cells / extent);
                any[cell]++;
                first[cell] += unit == 0 ? 1 : 0;
            }
        }
        return IntStream.range(0, cells)
                .mapToObj(c -> 2L * first[c] * cells > extent ? "█" : first[c] > 0 ? "▒" : any[c] > 0 ? "░" : "·")
                .collect(Collectors.joining());
    }

    private static List<String> frozen(String heading, List<Whole> all, boolean whole) {
        List<String> lines = new ArrayList<>();
        for (Whole of : all) {
            if (of.frozen().getFirst().whole() == whole) {
                String place = of.layers().isEmpty() ? "" : " of " + GroupKinds.text(of.layers());
                String units = GroupKinds.range(of.frozen().stream().mapToLong(Groups.Frozen::units));
                lines.add("  " + String.join(", ", of.axes()) + place + " (" + units + "): "
                        + of.frozen().getFirst().reason());
            }
        }
        return lines.isEmpty()
                ? lines
                : Stream.concat(Stream.of("", heading), lines.stream()).toList();
    }
}
