package org.espalier.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** The version of the build and the commit that it was made of, with the Java and the system it runs on. */
public final class Version implements IVersionProvider {

    @Override
    public String[] getVersion() {
        return new String[] {
            "engine %s (%sJava %s, %s %s)"
                    .formatted(
                            number(),
                            commit(),
                            System.getProperty("java.version"),
                            System.getProperty("os.name"),
                            System.getProperty("os.arch"))
        };
    }

    /** The version alone, for example {@code 1.0.0}. */
    public static String number() {
        return properties().getProperty("version");
    }

    /** Nothing where the sources were not those of a repository. */
    private static String commit() {
        String commit = properties().getProperty("commit");
        boolean changed = Boolean.parseBoolean(properties().getProperty("changed"));
        return commit.matches("[0-9a-f]+") ? "commit " + commit + (changed ? " with changes, " : ", ") : "";
    }

    private static Properties properties() {
        try (InputStream in = Version.class.getResourceAsStream("version.properties")) {
            Properties properties = new Properties();
            properties.load(in);
            return properties;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
