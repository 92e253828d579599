package org.espalier.job;

import java.nio.file.Files;
import java.nio.file.Path;

/** The main job on the model that comes with the library: how much of it. */
public final class DemoSettings extends Settings<DemoSettings> {

    private static final String FOLDER = "espalier-demo";

    private int stories = 400;
    private String command = "";
    private long seed = SEED;

    private DemoSettings() {}

    /** Trained back on 400 stories. */
    public static DemoSettings defaults() {
        return new DemoSettings();
    }

    /** Where all goes if no place is named: a folder here that does not exist yet. */
    public static Path place() {
        Path folder = Path.of(FOLDER);
        for (int number = 2; Files.exists(folder); number++) {
            folder = Path.of(FOLDER + "-" + number);
        }
        return folder;
    }

    /** Stories to train back on. */
    public DemoSettings stories(int stories) {
        atLeast(1, "stories", stories);
        return with(copy -> copy.stories = stories);
    }

    /** Stories to train back on. */
    public int stories() {
        return stories;
    }

    /** What asks for the job, as the record names it. */
    public DemoSettings command(String command) {
        return with(copy -> copy.command = command);
    }

    /** What asks for the job. */
    public String command() {
        return command;
    }

    /** Of everything random but the stories. */
    public DemoSettings seed(long seed) {
        return with(copy -> copy.seed = seed);
    }

    /** Of everything random but the stories. */
    public long seed() {
        return seed;
    }
}
