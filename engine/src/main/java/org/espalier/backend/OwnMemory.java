package org.espalier.backend;

/**
 * Memory that a device has of its own, apart from the host's.
 *
 * @param free bytes that nobody uses
 * @param used bytes that the backend has
 * @param peak the most bytes that the backend ever had at once
 */
public record OwnMemory(long free, long used, long peak) {

    /** The same with so many bytes more in use. */
    public OwnMemory with(long bytes) {
        return new OwnMemory(free - bytes, used + bytes, peak);
    }
}
