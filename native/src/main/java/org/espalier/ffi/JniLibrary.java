package org.espalier.ffi;

import java.net.URL;
import java.nio.file.Path;
import java.util.List;
import org.espalier.error.Failure;

/** A library with Java's native interface that lies in a jar on the class path: unpacked into the user's cache, then loaded. */
public final class JniLibrary {

    private JniLibrary() {}

    /**
     * Loads the library for the classes of the class path; its native methods can be called afterwards.
     *
     * @param resource where it lies in its jar, {@code folder/name}
     * @throws Failure if it is not there, cannot be unpacked or does not suit this machine
     */
    public static void load(String resource) {
        URL source = JniLibrary.class.getClassLoader().getResource(resource);
        if (source == null) {
            throw new Failure(
                    "no library for this kind of machine",
                    resource,
                    "put its jar on the class path, or use a " + "machine that it has a library for");
        }
        String name = resource.substring(resource.lastIndexOf('/') + 1);
        Path file = LibraryCache.ofUser().unpack(source, List.of(name)).resolve(name);
        try {
            System.load(file.toAbsolutePath().toString());
        } catch (UnsatisfiedLinkError e) {
            throw new Failure(
                    "library cannot be loaded: " + e.getMessage(),
                    file.toString(),
                    "use a machine with the C library that it needs",
                    e);
        }
    }
}
