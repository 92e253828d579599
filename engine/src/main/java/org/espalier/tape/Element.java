package org.espalier.tape;

import org.espalier.tensor.DType;

/** What a value's numbers are, before any device is chosen. */
public enum Element {
    /** Numbers in the backend's compute type; parameters keep whatever type they are stored in. */
    REAL,
    /** 32-bit integers: token ids, positions, row numbers. */
    INDEX;

    /** The stored type on a device whose compute type is {@code compute}. */
    public DType storage(DType compute) {
        return this == REAL ? compute : DType.I32;
    }
}
