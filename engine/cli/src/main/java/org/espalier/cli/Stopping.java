package org.espalier.cli;

/**
 * The end of a command that runs until it is stopped. Ctrl-C and SIGTERM are its usual end, not a failure: what it still has to
 * do is done, and the exit status is 0, where other commands have the signal's.
 */
final class Stopping implements AutoCloseable {

    private static volatile int status;

    private final Thread hook;

    private Stopping(Runnable stop) {
        this.hook = new Thread(() -> end(stop), "stopping");
    }

    /** Runs {@code stop}, which is the whole of the end, when the process is told to end. */
    static Stopping by(Runnable stop) {
        Stopping stopping = new Stopping(stop);
        Runtime.getRuntime().addShutdownHook(stopping.hook);
        return stopping;
    }

    /** Tells that the process is about to end for another reason than a signal; returns the status, which stays. */
    static int failing(int exitStatus) {
        status = exitStatus;
        return exitStatus;
    }

    private static void end(Runnable stop) {
        stop.run();
        Runtime.getRuntime().halt(status);
    }

    /** The command is over by itself; where the process is ending already, this waits for that. */
    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException ending) {
            awaitHook();
        }
    }

    private void awaitHook() {
        try {
            hook.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
