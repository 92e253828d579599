package org.espalier.spark;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.spark.FutureAction;
import org.apache.spark.api.java.JavaRDD;
import scala.collection.Iterator;
import scala.concurrent.ExecutionContext;
import scala.jdk.javaapi.CollectionConverters;
import scala.runtime.AbstractFunction0;
import scala.runtime.AbstractFunction1;
import scala.runtime.AbstractFunction2;
import scala.runtime.BoxedUnit;
import scala.util.Try;

/** Hands on what tasks make as soon as it is its turn, in the order of the partitions, while others are still at work. */
final class InOrder<T> {

    private final Consumer<T> sink;

    /** What a partition made, or, of number −1, how the job ended: null for well. */
    private record Arrived(int partition, Object made) {}

    /** All that a partition makes. */
    private static final class All<T> extends AbstractFunction1<Iterator<T>, Object> implements Serializable {

        private static final long serialVersionUID = 1L;

        @Override
        public Object apply(Iterator<T> made) {
            return new ArrayList<>(CollectionConverters.asJava(made.toSeq()));
        }
    }

    InOrder(Consumer<T> sink) {
        this.sink = sink;
    }

    /** Makes all partitions. */
    void run(String name, JavaRDD<T> partitions) {
        int count = partitions.getNumPartitions();
        BlockingQueue<Arrived> queue = new LinkedBlockingQueue<>();
        FutureAction<Object> job = submit(partitions, count, queue);
        job.onComplete(
                told((Try<Object> end) ->
                        queue.add(new Arrived(-1, end.isFailure() ? end.failed().get() : null))),
                ExecutionContext.global());
        try {
            take(name, queue, count);
        } catch (RuntimeException | Error e) {
            job.cancel();
            throw e;
        }
    }

    private FutureAction<Object> submit(JavaRDD<T> partitions, int count, BlockingQueue<Arrived> queue) {
        return partitions
                .rdd()
                .sparkContext()
                .submitJob(
                        partitions.rdd(),
                        new All<T>(),
                        CollectionConverters.asScala(numbers(count)).toSeq(),
                        new AbstractFunction2<Object, Object, BoxedUnit>() {
                            @Override
                            public BoxedUnit apply(Object partition, Object made) {
                                queue.add(new Arrived((Integer) partition, made));
                                return BoxedUnit.UNIT;
                            }
                        },
                        new AbstractFunction0<Object>() {
                            @Override
                            public Object apply() {
                                return BoxedUnit.UNIT;
                            }
                        });
    }

    private static List<Object> numbers(int count) {
        return IntStream.range(0, count).<Object>mapToObj(i -> i).toList();
    }

    private static AbstractFunction1<Try<Object>, Object> told(Consumer<Try<Object>> end) {
        return new AbstractFunction1<>() {
            @Override
            public Object apply(Try<Object> result) {
                end.accept(result);
                return BoxedUnit.UNIT;
            }
        };
    }

    private void take(String name, BlockingQueue<Arrived> queue, int count) {
        Map<Integer, List<T>> early = new HashMap<>();
        int next = 0;
        while (next < count) {
            Arrived arrived = waitFor(queue);
            if (arrived.partition >= 0) {
                early.put(arrived.partition, made(arrived));
            } else if (arrived.made != null) {
                throw SparkFailure.of(name, (Throwable) arrived.made);
            }
            for (List<T> made = early.remove(next); made != null; made = early.remove(next)) {
                made.forEach(sink);
                next++;
            }
        }
    }

    @SuppressWarnings("unchecked") // what All makes
    private List<T> made(Arrived arrived) {
        return (List<T>) arrived.made;
    }

    private static Arrived waitFor(BlockingQueue<Arrived> queue) {
        try {
            return queue.take();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while workers work", e);
        }
    }
}
