package org.espalier.spark;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.espalier.job.ComputeSettings;
import org.espalier.job.Engine;
import org.espalier.job.Listener;
import org.espalier.job.ModelPlace;
import org.espalier.job.Work;
import org.espalier.job.Workers;
import scala.Tuple2;

/** Workers that are the executors of a Spark application: pieces are partitioned, tasks do some pieces each, in a row. */
final class SparkWorkers implements Workers {

    private final JavaSparkContext spark;
    private final ComputeSettings compute;
    private final Choices choices;
    private final Copies copies;
    private final Map<String, String> hashes = new HashMap<>();

    /**
     * What whoever starts the program chooses.
     *
     * @param parts      into how many work is cut
     * @param slots      tasks that an executor does at once
     * @param copyModels whether models are copied to workers, because these share no file system
     */
    record Choices(int parts, int slots, boolean copyModels) {}

    SparkWorkers(JavaSparkContext spark, ComputeSettings compute, Choices choices) {
        this.spark = spark;
        this.compute = compute;
        this.choices = choices;
        this.copies = new Copies(spark);
    }

    @Override
    public int parts() {
        return choices.parts;
    }

    private Orders orders(Work<?, ?> work) {
        Map<String, String> copied = new HashMap<>();
        for (ModelPlace model : work.models()) {
            hashes.computeIfAbsent(model.toString(), name -> model.sha256());
            if (choices.copyModels && !spark.isLocal()) {
                copied.put(model.model(), copies.name(model.model()));
                if (model.adapter() != null) {
                    copied.put(model.adapter(), copies.name(model.adapter()));
                }
            }
        }
        return new Orders(
                compute.device(),
                compute.precision(),
                compute.portable(),
                spark.getConf().getInt("spark.task.cpus", 1),
                choices.slots,
                new Engine(compute, Listener.NONE).computer().toString(),
                new HashMap<>(hashes),
                copied);
    }

    @Override
    public <P, R> void compute(String name, Work<P, R> work, List<P> pieces, Consumer<R> sink) {
        Orders orders = orders(work);
        List<List<P>> runs = Division.of(pieces, choices.parts);
        JavaRDD<List<P>> partitioned = spark.parallelize(runs, runs.size());
        JavaRDD<List<Outcome<R>>> done = partitioned.map(run -> {
            List<Outcome<R>> outcomes = new ArrayList<>();
            for (P piece : run) {
                outcomes.add(Station.compute(orders, work, piece));
            }
            return outcomes;
        });
        new InOrder<List<Outcome<R>>>(outcomes -> outcomes.forEach(outcome -> sink.accept(outcome.orThrow())))
                .run(name, done);
    }

    @Override
    public <P, V, R> void join(
            String name,
            Work<P, Parts<V>> work,
            List<P> pieces,
            Key<V> key,
            Work<List<V>, R> joining,
            Consumer<R> sink) {
        Orders orders = orders(work);
        JavaPairRDD<String, Outcome<V>> parts =
                spark.parallelize(pieces, pieces.size()).flatMapToPair(piece -> parts(orders, work, piece, key));
        JavaRDD<Outcome<R>> joined = parts.groupByKey(choices.parts).map(group -> joined(orders, joining, group._2()));
        new InOrder<Outcome<R>>(outcome -> sink.accept(outcome.orThrow())).run(name, joined);
    }

    private static <P, V> Iterator<Tuple2<String, Outcome<V>>> parts(
            Orders orders, Work<P, Parts<V>> work, P piece, Key<V> key) {
        Outcome<SpoolFile<V>> spooled = Station.compute(orders, new Spooling<>(work), piece);
        if (spooled.failed()) {
            return List.of(new Tuple2<>("", spooled.<V>failure())).iterator();
        }
        SpoolFile<V> file = spooled.result();
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return file.hasNext();
            }

            @Override
            public Tuple2<String, Outcome<V>> next() {
                V part = file.next();
                return new Tuple2<>(key.of(part), new Outcome<>(part, null, null, null));
            }
        };
    }

    private static <V, R> Outcome<R> joined(Orders orders, Work<List<V>, R> joining, Iterable<Outcome<V>> group) {
        List<V> parts = new ArrayList<>();
        for (Outcome<V> part : group) {
            if (part.failed()) {
                return part.failure();
            }
            parts.add(part.result());
        }
        return Station.compute(orders, joining, parts);
    }

    @Override
    public <P, R> Held<P, R> hold(String name, List<? extends Work<P, R>> works) {
        Orders orders = orders(works.getFirst());
        String group = UUID.randomUUID().toString();
        List<Tuple2<Integer, Work<P, R>>> numbered = new ArrayList<>();
        works.forEach(work -> numbered.add(new Tuple2<>(numbered.size(), work)));
        // What is cached draws the tasks that read it to where it is, and with them what is held there.
        JavaRDD<Tuple2<Integer, Work<P, R>>> held =
                spark.parallelize(numbered, numbered.size()).cache();
        return new Held<>() {

            private final List<Broadcast<P>> questions = new ArrayList<>();

            @Override
            public List<R> ask(P question) {
                questions.add(spark.broadcast(question));
                List<Broadcast<P>> all = List.copyOf(questions);
                List<R> answers = new ArrayList<>();
                new InOrder<Outcome<R>>(outcome -> answers.add(outcome.orThrow()))
                        .run(
                                name,
                                held.map(work -> Station.ask(
                                        orders,
                                        group,
                                        work._1(),
                                        work._2(),
                                        all.stream().map(Broadcast::value).toList())));
                return answers;
            }

            @Override
            public void close() {
                held.foreach(work -> Station.release(group));
                Station.release(group);
                held.unpersist(false);
                questions.forEach(Broadcast::destroy);
            }
        };
    }
}
