package org.espalier.cli;

import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.espalier.job.Openers;
import org.espalier.plan.Choice;
import org.espalier.plan.Goal;
import org.espalier.plan.Plan;

/** What widths a plan leaves, and what opens the result, as commands report it to programs. */
final class PlanReport {

    private PlanReport() {}

    /** Enters what widths are multiples of into a command's JSON object. */
    static void enter(Plan plan, SequencedMap<String, Object> result) {
        result.put("round", plan.choice().rounded());
        result.put("uniform", plan.choice().equalLayers());
        Choice.Reached target = plan.choice().target();
        if (target != null) {
            SequencedMap<String, Object> json = new LinkedHashMap<>();
            json.put("quantity", target.quantity());
            json.put("asked", target.asked());
            json.put("before", target.before());
            json.put("most", target.most());
            json.put("after", target.after());
            result.put("target", json);
        }
        Choice.ByWidths widths = plan.choice().widths();
        if (widths != null) {
            SequencedMap<String, Object> json = new LinkedHashMap<>();
            json.put("sha256", widths.sha256());
            json.put("divergence", widths.divergence());
            result.put("widths", json);
        }
    }

    /** What was to be reached and what a table of widths foretells, for people: a line each, or nothing. */
    static String text(Plan plan) {
        StringBuilder lines = new StringBuilder();
        Choice.Reached target = plan.choice().target();
        if (target != null) {
            lines.append("%n%s: %s of %s %s are left, %s may be"
                    .formatted(
                            target.asked(),
                            number(target.after()),
                            number(target.before()),
                            Goal.Quantity.of(target.quantity()).unit(),
                            number(target.most())));
        }
        Choice.ByWidths widths = plan.choice().widths();
        if (widths != null) {
            lines.append("%nnarrowed one by one, its branches add up to a divergence of %.4f nats a token"
                    .formatted(widths.divergence()));
        }
        return lines.toString();
    }

    private static String number(double value) {
        return "%,.0f".formatted(value);
    }

    /** Enters what opens a model into a command's JSON object. */
    static void enter(Openers opens, SequencedMap<String, Object> result) {
        SequencedMap<String, Object> json = new LinkedHashMap<>();
        json.put("class", opens.stockClass());
        json.put("stock", opens.refusal().isEmpty());
        opens.refusal().ifPresent(why -> {
            json.put("because", why);
            json.put("remote_code", opens.remoteCode());
        });
        result.put("opens_in", json);
    }
}
