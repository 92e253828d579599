package org.espalier.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.espalier.file.Sha256;
import org.espalier.importance.ScoresFile;
import org.espalier.plan.Choice;
import org.espalier.plan.Plan;

/** Comparisons of models that do not exist, with numbers as real ones have them. */
public final class Samples {

    private static final String PROMPT = "Once upon a time there was a little dog";

    private Samples() {}

    /** A small model, pruned and trained back. */
    static Comparison sixLayers() {
        return run("A small model, 20 % smaller", 6, 8, 4, 256, 0.25);
    }

    /** One of the size of SmolLM2-135M; attention is not pruned in its first and last layers. */
    static Comparison thirtyLayers() {
        return run("SmolLM2-135M, 20 % smaller", 30, 9, 3, 1536, 0.2);
    }

    /** {@code share} of the units of every layer but the first goes. */
    public static Comparison run(String title, int layers, int heads, int kvHeads, int neurons, double share) {
        Random random = new Random(layers);
        List<Comparison.Widths> widths = IntStream.range(0, layers)
                .mapToObj(layer -> new Comparison.Widths(layer, heads, kvHeads, neurons))
                .toList();
        ScoresFile scores = scores(random, widths);
        Plan plan = plan(scores, widths, share);
        Map<String, String> protocols = new LinkedHashMap<>();
        protocols.put("texts", "greedy, 64 tokens");
        Map<String, Double> seconds = new LinkedHashMap<>();
        seconds.put("prune", 11.4);
        seconds.put("tune", 1834.5);
        seconds.put("measure", 95.02);
        return new Comparison(
                Comparison.FORMAT_VERSION,
                title,
                new Comparison.Circumstances(
                        "sample-" + layers,
                        "cpu",
                        "AMD EPYC 7763 64-Core Processor",
                        2,
                        "engine demo --out run",
                        protocols,
                        seconds,
                        hashes()),
                PROMPT,
                List.of(
                        stage(
                                "dense",
                                1,
                                53.91,
                                2.012,
                                " who lived in a house by the sea. Every day he ran down to the "
                                        + "water, and every day the water ran away from him.\n\n\"Come back!\" said the little dog."),
                        stage(
                                "pruned",
                                1 - share * 0.98,
                                130.14,
                                3.280,
                                " dog dog and the dog was the the little and was. "
                                        + "He went to the the sea and then the was very."),
                        stage(
                                "recovered",
                                1 - share * 0.98,
                                118.62,
                                2.823,
                                " who was very happy. He liked to play in the "
                                        + "garden. One day he saw a big ball, and he wanted to play with it.")),
                widths,
                training(random),
                plan,
                scores);
    }

    private static Map<String, String> hashes() {
        Map<String, String> hashes = new LinkedHashMap<>();
        List.of("dense model", "pruned model", "recovered model", "WikiText2", "plan")
                .forEach(name -> hashes.put(name, Sha256.ofTexts(List.of(name))));
        return hashes;
    }

    /** The small run, asked LLM-Pruner's seven tasks as well, with further prompts and the distance from the first model. */
    static Comparison withTasks() {
        Comparison run = sixLayers();
        return with(
                run,
                IntStream.range(0, run.stages().size())
                        .mapToObj(stage -> measured(run.stages().get(stage), stage))
                        .toList());
    }

    private static Comparison.Stage measured(Comparison.Stage stage, int index) {
        List<Measure> measures = new ArrayList<>(stage.measures());
        // In the order of files.
        measures.add(2, StandardMeasure.PASS_MACS.of(6_790_000_000L - 1_200_000_000L * Math.min(index, 1)));
        measures.add(
                5, StandardMeasure.LATENCY.of(0.62 - 0.1 * Math.min(index, 1), "until a prompt of 256 tokens is read"));
        double sum = 0;
        double squares = 0;
        List<String> tasks =
                List.of("BoolQ", "PIQA", "HellaSwag", "WinoGrande", "ARC-easy", "ARC-challenge", "OpenBookQA");
        for (int task = 0; task < tasks.size(); task++) {
            double share = 0.7312 - 0.06 * task - 0.05 * index * (3 - index);
            double error = 0.004 * (task + 1);
            boolean norm = List.of("HellaSwag", "ARC-challenge", "OpenBookQA").contains(tasks.get(task));
            String name = tasks.get(task);
            measures.add(new TaskResult(name, "acc", "current", 3270 - 300 * task, !norm).share(share, error));
            if (norm) {
                measures.add(new TaskResult(name, "acc_norm", "current", 3270 - 300 * task, true)
                        .share(share + 0.04, error));
            }
            sum += norm ? share + 0.04 : share;
            squares += error * error;
        }
        measures.add(TaskResult.average(sum / tasks.size(), Math.sqrt(squares) / tasks.size(), tasks.size()));
        if (index > 0) {
            measures.add(
                    new Measure("KL divergence on WikiText2", 0.81 / index, Unit.NATS, Direction.LESS, "token by token")
                            .withError(0.012));
        }
        return new Comparison.Stage(
                stage.name(),
                stage.folder(),
                measures,
                stage.text(),
                List.of(new Comparison.Text(
                        "The capital of France is", " Paris. It is a large city.".repeat(1 + index))));
    }

    /** What comes from a command line, a file's name or a model may be long, and without a place to break it. */
    static Comparison withLongNames() {
        Comparison run = withTasks();
        String length = "x".repeat(200);
        List<Comparison.Stage> stages = run.stages().stream()
                .map(stage -> {
                    List<Measure> measures = new ArrayList<>(stage.measures());
                    measures.add(new TextPerplexity("gptq", 2048, 1, 2047, 1e300).measure(length));
                    measures.add(new TaskResult(length, "acc", "legacy", 9, true).share(0.5, 0.1));
                    return new Comparison.Stage(stage.name(), length, measures, length, stage.texts());
                })
                .toList();
        Comparison.Circumstances known = run.circumstances();
        return new Comparison(
                Comparison.FORMAT_VERSION,
                length,
                new Comparison.Circumstances(
                        length, length, length, 2, length, Map.of(length, length), Map.of(length, 1.0), known.hashes()),
                length,
                stages,
                run.widths(),
                run.training(),
                run.plan(),
                run.scores());
    }

    /** Eight models, as a comparison of methods has. */
    static Comparison manyStages() {
        Comparison run = withTasks();
        return with(
                run,
                IntStream.range(0, 8)
                        .mapToObj(i -> {
                            Comparison.Stage stage = run.stages().get(i % 3);
                            return new Comparison.Stage(
                                    "method " + i, stage.folder(), stage.measures(), stage.text(), stage.texts());
                        })
                        .toList());
    }

    /** The same run with other stages. */
    static Comparison with(Comparison run, List<Comparison.Stage> stages) {
        return new Comparison(
                run.formatVersion(),
                run.title(),
                run.circumstances(),
                run.prompt(),
                stages,
                run.widths(),
                run.training(),
                run.plan(),
                run.scores());
    }

    private static Comparison.Stage stage(String name, double size, double ppl, double loss, String text) {
        List<Measure> measures = List.of(
                StandardMeasure.PARAMETERS.of((long) (134_515_008 * size)),
                StandardMeasure.MACS.of((long) (106_203_136 * size)),
                StandardMeasure.WEIGHTS.of((long) (269_030_016 * size)),
                StandardMeasure.MEMORY.of(
                        (long) (402_653_184 * size),
                        "peak resident memory of a process that reads 512 tokens and writes 128"),
                StandardMeasure.PREFILL
                        .of(412.7 / size, "one prompt of 512 tokens, mean of 5 runs, stages in turns")
                        .withRatio(1 / size),
                StandardMeasure.DECODE
                        .of(38.2 / Math.sqrt(size), "128 tokens one by one, mean of 5 runs, stages in turns")
                        .withRatio(1 / Math.sqrt(size)),
                new TextPerplexity("llm-pruner", 128, 200, 25400, ppl).measure("WikiText2"),
                new TextPerplexity("llm-pruner", 128, 200, 25400, ppl * 1.7).measure("PTB"),
                StandardMeasure.HELD_OUT_LOSS.of(loss, "200 samples that were not trained on, answers only"));
        return new Comparison.Stage(name, "run/" + name, measures, text);
    }

    private static Comparison.Training training(Random random) {
        List<Comparison.Point> losses = new ArrayList<>();
        List<Comparison.Point> held = new ArrayList<>();
        for (int step = 0; step <= 125; step++) {
            double loss = 2.75 + 0.55 * Math.exp(-step / 20.0);
            if (step > 0) {
                losses.add(new Comparison.Point(step, loss + 0.06 * random.nextGaussian()));
            }
            if (step % 25 == 0) {
                held.add(new Comparison.Point(step, loss + 0.05));
            }
        }
        return new Comparison.Training(125, 3e-4, 2000, losses, held, 1834.5, 119.5);
    }

    private static ScoresFile scores(Random random, List<Comparison.Widths> widths) {
        List<ScoresFile.Group> groups = new ArrayList<>();
        for (Comparison.Widths width : widths) {
            double level = 1e-3 * (1 + 3 * Math.sin(0.3 * width.layer()) * Math.sin(0.3 * width.layer()));
            groups.add(group(random, "key/value heads", "heads", width.layer(), width.kvHeads(), 400 * level));
            groups.add(group(random, "neurons", "neurons", width.layer(), width.neurons(), level));
        }
        return new ScoresFile(
                1,
                new ScoresFile.Source("sample", "0".repeat(64), 134_515_008),
                "vectorize",
                "sum",
                new ScoresFile.Calibration("1".repeat(64), 10, 64, null),
                42,
                groups);
    }

    private static ScoresFile.Group group(Random random, String name, String role, int layer, int units, double level) {
        return new ScoresFile.Group(
                name,
                role,
                layer,
                IntStream.range(0, units)
                        .mapToDouble(i -> level * Math.exp(0.7 * random.nextGaussian()))
                        .toArray());
    }

    private static Plan plan(ScoresFile scores, List<Comparison.Widths> widths, double share) {
        List<Plan.Layer> layers = new ArrayList<>();
        for (Comparison.Widths width : widths) {
            double goes = width.layer() == 0 ? 0 : share * (1 + 0.3 * Math.sin(width.layer()));
            int[] kvHeads = best(scores, "heads", width.layer(), width.kvHeads() - (int) (goes * width.kvHeads()));
            int perHead = width.heads() / width.kvHeads();
            int[] heads = IntStream.of(kvHeads)
                    .flatMap(h -> IntStream.range(h * perHead, (h + 1) * perHead))
                    .toArray();
            layers.add(new Plan.Layer(
                    width.layer(),
                    heads,
                    kvHeads,
                    best(scores, "neurons", width.layer(), width.neurons() - (int) (goes * width.neurons()))));
        }
        return new Plan(
                1,
                scores.source(),
                new Choice(scores.criterion(), scores.aggregate(), "block", "local", share, null, null),
                new Plan.Parameters(134_515_008, (long) (134_515_008 * (1 - share * 0.98))),
                scores.calibration(),
                42,
                new Plan.Kept(layers, null, null),
                null,
                null);
    }

    private static int[] best(ScoresFile scores, String role, int layer, int keep) {
        double[] values = scores.groups().stream()
                .filter(g -> g.layer() == layer && g.role().equals(role))
                .findFirst()
                .orElseThrow()
                .scores();
        return IntStream.range(0, values.length)
                .boxed()
                .sorted((a, b) -> Double.compare(values[b], values[a]))
                .limit(keep)
                .mapToInt(Integer::intValue)
                .sorted()
                .toArray();
    }
}
