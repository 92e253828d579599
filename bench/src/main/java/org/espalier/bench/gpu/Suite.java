package org.espalier.bench.gpu;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** The tests of the cuda backend, run where no build is: on the driver and the cuBLAS that are found. */
final class Suite implements TestExecutionListener {

    private final CheckTable table;
    private final Map<String, int[]> counts = new LinkedHashMap<>();
    private final Map<String, Integer> skipped = new TreeMap<>();

    private Suite(CheckTable table) {
        this.table = table;
    }

    /** Runs the tests of these classes; one row for each, one for each failure, one for each reason of skipping. */
    static void run(List<String> classes, CheckTable table) {
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(classes.stream().map(DiscoverySelectors::selectClass).toList())
                .build();
        Suite suite = new Suite(table);
        LauncherFactory.create().execute(request, suite);
        suite.report();
    }

    @Override
    public void executionSkipped(TestIdentifier test, String reason) {
        skipped.merge(reason, 1, Integer::sum);
    }

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        String name = className(test);
        switch (result.getStatus()) {
            case SUCCESSFUL -> {
                if (test.isTest()) {
                    counts.computeIfAbsent(name, n -> new int[1])[0]++;
                }
            }
            case ABORTED -> skipped.merge(message(result), 1, Integer::sum);
            case FAILED -> table.fail("suite", name + ": " + test.getDisplayName(), message(result));
        }
    }

    private static String message(TestExecutionResult result) {
        return result.getThrowable().map(Throwable::getMessage).orElse("no reason given");
    }

    private static String className(TestIdentifier test) {
        String whole = test.getSource()
                .map(source -> switch (source) {
                    case MethodSource method -> method.getClassName();
                    case ClassSource type -> type.getClassName();
                    default -> "";
                })
                .orElse("");
        return whole.substring(whole.lastIndexOf('.') + 1);
    }

    private void report() {
        counts.forEach((name, passed) -> table.add("suite", name, passed[0] + " passed"));
        skipped.forEach((reason, count) -> table.add("suite", reason, count + " skipped"));
        if (counts.isEmpty()) {
            table.fail("suite", "tests", "none ran");
        }
    }
}
