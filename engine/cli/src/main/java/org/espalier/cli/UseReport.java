package org.espalier.cli;

import java.util.SequencedMap;
import org.espalier.job.Machine;
import org.espalier.job.ResourceUse;

/** What a job used of the machine, as commands report it. */
final class UseReport {

    private UseReport() {}

    /** Enters it into a command's JSON object. */
    static void enter(ResourceUse use, SequencedMap<String, Object> result) {
        result.put("seconds", use.seconds());
        result.put("peak_bytes", use.peak());
        result.put("peak_anonymous_bytes", use.anonymous());
        use.device().ifPresent(bytes -> result.put("device_peak_bytes", bytes));
    }

    /** For people. */
    static String text(ResourceUse use) {
        String host = "in %.1f s, taking %s of memory, mapped files aside"
                .formatted(use.seconds(), Machine.size(use.anonymous()));
        return use.device().isEmpty()
                ? host
                : host + ", and " + Machine.size(use.device().getAsLong()) + " of the GPU's";
    }
}
