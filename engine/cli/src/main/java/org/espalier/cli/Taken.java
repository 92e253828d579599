package org.espalier.cli;

import java.util.OptionalLong;
import java.util.SequencedMap;

/**
 * What a command took.
 *
 * @param seconds   from its start
 * @param anonymous the most memory that it had at once, mapped files aside, in bytes
 * @param device    the same of a device's own memory; empty where there is none
 */
record Taken(double seconds, long anonymous, OptionalLong device) {

    /** @param start by {@link System#nanoTime} */
    static Taken since(long start, MemoryWatch watch, OpenModel open) {
        return new Taken((System.nanoTime() - start) / 1e9, watch.peak(), open.devicePeak());
    }

    /** Adds it to a command's JSON object. */
    void enter(SequencedMap<String, Object> result) {
        result.put("seconds", seconds);
        result.put("peak_bytes", Machine.peakMemory());
        result.put("peak_anonymous_bytes", anonymous);
        device.ifPresent(bytes -> result.put("device_peak_bytes", bytes));
    }

    /** For people. */
    @Override
    public String toString() {
        return "in %.1f s, taking %s of memory, mapped files aside".formatted(seconds, Machine.size(anonymous))
                + (device.isEmpty() ? "" : ", and " + Machine.size(device.getAsLong()) + " of the GPU's");
    }
}
