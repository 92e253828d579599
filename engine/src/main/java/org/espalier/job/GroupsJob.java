package org.espalier.job;

import java.nio.file.Path;
import org.espalier.couple.Groups;
import org.espalier.model.Transformer;
import org.espalier.report.GroupKinds;
import org.espalier.tape.Tape;

/** Finds what must be removed together in a model, for which no weight is read. */
public final class GroupsJob {

    /**
     * What was found.
     *
     * @param parameters of the model
     * @param groups     of units that go together
     * @param kinds      the same, those of different layers that are alike as one
     */
    public record Result(long parameters, Groups groups, GroupKinds kinds) {}

    /**
     * Finds the groups.
     *
     * @param model a checkpoint folder, a GGUF file or a config.json alone
     * @throws org.espalier.error.Failure if it is no model, or not one that is known
     */
    public Result run(Path model) {
        Tape tape = new Transformer(ModelHeader.read(model).config()).shape();
        Groups groups = Groups.of(tape);
        return new Result(tape.parameterCount(), groups, GroupKinds.of(groups));
    }
}
