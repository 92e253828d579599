package org.espalier.job;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;
import org.espalier.error.Printable;
import org.espalier.file.OwnText;
import org.espalier.plan.Plan;

/**
 * What a pruned model is, for whoever finds its folder: what was removed of what, by which plan, and what opens it.
 *
 * @param plan       that was applied
 * @param parameters that are left, with what makes up for what is gone
 * @param opens      what opens it
 * @param licences   names of the files beside it that say under which licence it is
 */
record ModelCard(Plan plan, long parameters, Openers opens, Set<String> licences) {

    /** Where Hugging Face's hub looks for it. */
    static final String FILE = OwnText.README;

    byte[] bytes() {
        return (OwnText.MARK + text()).getBytes(StandardCharsets.UTF_8);
    }

    private String text() {
        long before = plan.parameters().before();
        String name = plain(plan.source().path());
        return String.format(
                Locale.ROOT,
                """

                # %s, pruned

                A smaller version of `%s` (SHA-256 of its weights: `%s`), made by Espalier, which removes heads, neurons,
                channels, layers or tokens as a whole.

                | | parameters |
                |---|--:|
                | before | %,d |
                | after | %,d (%.1f %% fewer) |

                Units were scored by `%s` and removed in mode `%s`, scope `%s`; `plan.json` lists what each layer keeps, and
                `config.json` has the widths that are left.

                It %s.

                ```python
                from transformers import AutoModelForCausalLM
                model = AutoModelForCausalLM.from_pretrained(FOLDER%s)
                ```

                For llama.cpp: `engine convert FOLDER --out model.gguf`.

                %s
                """,
                name,
                name,
                plain(plan.source().sha256()),
                before,
                parameters,
                100.0 * (before - parameters) / before,
                plain(plan.chosenBy()),
                plain(plan.choice().mode()),
                plain(plan.choice().scope()),
                opens,
                opens.remoteCode() ? ", trust_remote_code=True" : "",
                licence());
    }

    /** A word of a plan, which somebody may have edited, without what Markdown takes for its own. */
    private static String plain(String word) {
        return Printable.recorded(word.replaceAll("[`<>|\\[\\]]", " "));
    }

    private String licence() {
        return licences.isEmpty()
                ? "The licence of the model that it was made of applies; no file beside that model says which it is."
                : "The licence of the model that it was made of applies: see " + String.join(", ", licences) + ".";
    }
}
