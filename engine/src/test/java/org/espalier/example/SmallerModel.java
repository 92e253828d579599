package org.espalier.example;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.espalier.job.*;

class SmallerModel {
    public static void main(String[] folder) throws Exception {
        Path model = DemoModel.writeTo(Path.of(folder[0], "model")); // or a checkpoint of yours
        Path texts = Files.write(Path.of(folder[0], "texts.txt"), DemoModel.stories(1, 160));
        Path unseen = Files.write(Path.of(folder[0], "unseen.txt"), DemoModel.stories(2, 20));
        Path pruned = Path.of(folder[0], "pruned");
        Path adapter = Path.of(folder[0], "adapter");
        Engine engine = Engine.silent();
        PruneSettings prune = PruneSettings.defaults().ratio(0.2).calibrateOn(texts);
        new PruneJob(engine, prune).run(model, Destination.at(pruned));
        TuneSettings tune = TuneSettings.on(texts).learningRate(3e-3).batchSize(16);
        new TuneJob(engine, tune).run(pruned, Destination.at(adapter));
        PerplexitySettings evaluate = PerplexitySettings.on(unseen);
        try (OpenModel open = engine.open(pruned, Optional.of(adapter))) {
            System.out.println(new PerplexityJob(engine, evaluate).run(open).ppl());
        }
    }
}
