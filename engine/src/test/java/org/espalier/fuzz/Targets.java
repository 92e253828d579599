package org.espalier.fuzz;

import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;

/** Every reader that is tried. */
public final class Targets {

    private Targets() {}

    /** Those of this module, and after them those of others on the class path. */
    public static List<Target> all() {
        List<Target> all = new ArrayList<>(List.of(
                new SafetensorsTarget(),
                new IndexTarget(),
                new ModelTarget(),
                new GgufTarget(),
                new ConfigTarget(),
                new PeftTarget(),
                new PlanTarget(),
                new ScoresTarget(),
                new WidthsTarget(),
                new LatencyTarget(),
                new TrainingTarget(),
                new ComparisonTarget(),
                new TokenizerTarget(),
                new LibraryTarget(),
                new SentencePieceTarget(),
                new IceTextTarget(),
                new TextTarget(),
                new TemplateTarget(),
                new TaskTarget(),
                new AnswersTarget()));
        all.addAll(ExamplesTarget.all());
        ServiceLoader.load(Target.class).forEach(all::add);
        return all;
    }
}
