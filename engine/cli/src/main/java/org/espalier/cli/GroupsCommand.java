package org.espalier.cli;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import org.espalier.couple.Group;
import org.espalier.couple.Groups;
import org.espalier.couple.Member;
import org.espalier.job.GroupsJob;
import org.espalier.report.GroupKinds;
import org.espalier.report.GroupsSvg;
import org.espalier.report.GroupsText;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code engine groups}: what must be removed together, found from the recorded forward pass. */
@Command(
        name = "groups",
        description = "Show the dependency groups of a model: what must be removed together. A config.json is enough.",
        footer = {
            "",
            "Examples:",
            "  engine groups models/smollm2-135m",
            "  engine groups llama-7b/config.json --out groups.html"
        })
final class GroupsCommand extends EngineCommand {

    @Mixin
    private ModelArgument model;

    @Mixin
    private PictureOption picture;

    @Override
    void run() {
        picture.complaint().ifPresent(complaint -> {
            throw wrongUsage(complaint);
        });
        GroupsJob.Result found = new GroupsJob().run(model.path());
        Groups groups = found.groups();
        GroupKinds kinds = found.kinds();
        String heading = "%s: %,d parameters, %,d groups"
                .formatted(model.path(), found.parameters(), groups.groups().size());
        picture.write(() -> GroupsSvg.drawing(heading, kinds), () -> GroupsSvg.page(heading, kinds));
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put(
                "groups", groups.groups().stream().map(GroupsCommand::describe).toList());
        result.put(
                "frozen", groups.frozen().stream().map(GroupsCommand::describe).toList());
        print(result, () -> GroupsText.of(heading, kinds));
    }

    private static Map<String, Object> describe(Group group) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("id", group.id());
        json.put("name", group.name());
        json.put("role", role(group));
        json.put("unit_size", group.unitSize());
        json.put("units", group.units());
        json.put("parameters_per_unit", group.parametersPerUnit());
        json.put("tied", group.tied());
        json.put("normalised", group.normalised());
        json.put(
                "members",
                group.members().stream()
                        .flatMap(m -> m.runs().stream().map(r -> member(m, r)))
                        .toList());
        return json;
    }

    private static Map<String, Object> describe(Groups.Frozen frozen) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("tensor", frozen.tensor().name());
        json.put("axis", frozen.axis());
        json.put("units", frozen.units());
        json.put("whole", frozen.whole());
        json.put("reason", frozen.reason());
        return json;
    }

    private static Map<String, Object> member(Member member, Member.Run run) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("tensor", member.tensor().name());
        json.put("axis", member.axis());
        json.put("offset", run.offset());
        json.put("stride", run.stride());
        json.put("repeats", run.outer());
        json.put("period", run.period());
        return json;
    }

    private static String role(Group group) {
        return group.role().name().toLowerCase(Locale.ROOT);
    }
}
