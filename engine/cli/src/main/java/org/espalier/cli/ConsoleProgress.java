package org.espalier.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.espalier.job.Progress;

/**
 * How far a long piece of work is, on stderr: a bar on a terminal, else a line now and then; nothing for work that is done
 * within two seconds.
 */
final class ConsoleProgress implements Progress {

    private static final Duration QUIET = Duration.ofSeconds(2);
    private static final Duration BETWEEN_LINES = Duration.ofSeconds(10);
    private static final int BAR_WIDTH = 100;

    private final PrintWriter err;
    private final boolean terminal;
    private final String task;
    private final String unit;
    private final long total;
    private final Instant start = Instant.now();
    private Instant lastLine = start;
    private ProgressBar bar;
    private long done;

    /**
     * @param task what is being done
     * @param unit what is counted, in the plural
     */
    ConsoleProgress(PrintWriter err, boolean terminal, String task, String unit, long total) {
        this.err = err;
        this.terminal = terminal;
        this.task = task;
        this.unit = unit;
        this.total = total;
    }

    @Override
    public void advance(long more) {
        done += more;
        Instant now = Instant.now();
        if (Duration.between(start, now).compareTo(QUIET) < 0) {
            return;
        }
        if (terminal) {
            showBar();
        } else if (Duration.between(lastLine, now).compareTo(BETWEEN_LINES) >= 0) {
            lastLine = now;
            showLine(Duration.between(start, now));
        }
    }

    private void showBar() {
        if (bar == null) {
            bar = new ProgressBarBuilder()
                    .setTaskName(task)
                    .setUnit(" " + unit, 1)
                    .setInitialMax(total)
                    .showSpeed()
                    .setStyle(ProgressBarStyle.ASCII)
                    .startsFrom(0, Duration.between(start, Instant.now()))
                    .setConsumer(new DelegatingProgressBarConsumer(this::overwrite, BAR_WIDTH))
                    .clearDisplayOnFinish()
                    .build();
        }
        bar.stepTo(done);
    }

    private void overwrite(String line) {
        err.print("\r" + line);
        err.flush();
    }

    private void showLine(Duration passed) {
        double rate = done / (passed.toMillis() / 1000.0);
        err.println("engine: %s: %,d of %,d %s, %.1f a second, %.0f s left"
                .formatted(task, done, total, unit, rate, (total - done) / rate));
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
            overwrite(" ".repeat(BAR_WIDTH) + "\r");
        }
    }
}
