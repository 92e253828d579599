package org.espalier.spark;

import java.util.List;
import java.util.Optional;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.espalier.error.Failure;

/** The Spark session of a run of the program, opened when somebody needs it. */
final class SparkSessions implements AutoCloseable {

    /** What executors need beside what Spark gives them; see the README. */
    private static final String EXECUTOR_FLAGS =
            "--add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED";

    private static final int PARTS_OF_A_SLOT = 3;

    private final SparkConf conf;
    private SparkSession session;

    private SparkSessions(SparkConf conf) {
        this.conf = conf;
    }

    /**
     * Says how a session will be opened when it is first asked for.
     *
     * @param master   of the cluster; where there is none that of spark-submit, else this machine alone
     * @param settings of Spark, {@code KEY=VALUE}
     */
    static SparkSessions of(Optional<String> master, List<String> settings) {
        SparkConf conf = new SparkConf().setAppName("engine-spark");
        conf.setIfMissing("spark.ui.enabled", "false");
        conf.setIfMissing("spark.ui.showConsoleProgress", "false");
        conf.setIfMissing("spark.driver.maxResultSize", "0");
        conf.setIfMissing("spark.executor.extraJavaOptions", EXECUTOR_FLAGS);
        settings.forEach(setting -> set(conf, setting));
        master.ifPresent(conf::setMaster);
        conf.setIfMissing("spark.master", "local[*]");
        return new SparkSessions(conf);
    }

    private static void set(SparkConf conf, String setting) {
        int equals = setting.indexOf('=');
        if (equals < 1) {
            throw new Failure("'" + setting + "' is no setting", "--conf", "write KEY=VALUE");
        }
        conf.set(setting.substring(0, equals), setting.substring(equals + 1));
    }

    JavaSparkContext context() {
        return new JavaSparkContext(session().sparkContext());
    }

    SparkSession session() {
        if (session == null) {
            session = SparkSession.builder().config(conf).getOrCreate();
        }
        return session;
    }

    /** How work is cut and done here. */
    SparkWorkers.Choices choices(Optional<Integer> partitions, boolean copyModels) {
        JavaSparkContext context = context();
        int slots = context.isLocal()
                ? context.defaultParallelism()
                : context.getConf().getInt("spark.executor.cores", 1)
                        / context.getConf().getInt("spark.task.cpus", 1);
        return new SparkWorkers.Choices(
                partitions.orElse(PARTS_OF_A_SLOT * context.defaultParallelism()), Math.max(1, slots), copyModels);
    }

    @Override
    public void close() {
        Station.closeAll();
        if (session != null) {
            session.stop();
        }
    }
}
