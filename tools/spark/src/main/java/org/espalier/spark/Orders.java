package org.espalier.spark;

import java.io.Serializable;
import java.util.Map;
import org.espalier.backend.Precision;
import org.espalier.job.ComputeSettings;
import org.espalier.job.ComputeSettings.Device;

/**
 * What every worker is told: how to compute, and what has to be the same everywhere.
 *
 * @param device    that computes
 * @param precision of products of matrices
 * @param portable  whether the same bytes are computed on any processor
 * @param threads   of a task
 * @param slots     tasks that a worker does at once
 * @param computer  what the driver computes with, in words
 * @param hashes    of models, by their places
 * @param copies    names under which Spark has copied models to workers, by the paths that the driver knows
 */
record Orders(
        Device device,
        Precision precision,
        boolean portable,
        int threads,
        int slots,
        String computer,
        Map<String, String> hashes,
        Map<String, String> copies)
        implements Serializable {

    ComputeSettings compute() {
        return ComputeSettings.defaults()
                .device(device)
                .precision(precision)
                .portable(portable)
                .threads(threads);
    }
}
