/**
 * The operations on an NVIDIA GPU: cuBLAS and the kernels of this project, one class for each family. Only what opens a
 * device depends on it.
 */
package org.espalier.backend.cuda;
