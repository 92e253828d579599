package org.espalier.job;

import java.util.OptionalLong;

/**
 * What a job used of the machine.
 *
 * @param seconds   from its start
 * @param peak      the most memory that this process had resident until now, in bytes, mapped files included
 * @param anonymous the most memory that the job had resident at once, mapped files aside, in bytes
 * @param device    the most that it had in use of a device's own memory, in bytes; empty where there is none
 */
public record ResourceUse(double seconds, long peak, long anonymous, OptionalLong device) {

    /** @param start by {@link System#nanoTime} */
    static ResourceUse since(long start, MemoryWatch watch, OpenModel open) {
        return new ResourceUse(
                (System.nanoTime() - start) / 1e9, Machine.peakMemory(), watch.peak(), open.devicePeak());
    }
}
