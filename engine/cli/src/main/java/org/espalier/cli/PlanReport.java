package org.espalier.cli;

import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.espalier.job.Openers;
import org.espalier.plan.Plan;

/** What widths a plan leaves, and what opens the result, as commands report it to programs. */
final class PlanReport {

    private PlanReport() {}

    /** Enters what widths are multiples of into a command's JSON object. */
    static void enter(Plan plan, SequencedMap<String, Object> result) {
        result.put("round", plan.choice().rounded());
        result.put("uniform", plan.choice().equalLayers());
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
