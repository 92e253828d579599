/**
 * The operations on the CPU: OpenBLAS for matrix products, the Vector API for the rest, one class for each family. Results
 * are the same bytes at any number of threads. Only what opens a device depends on it.
 */
package org.espalier.backend.cpu;
