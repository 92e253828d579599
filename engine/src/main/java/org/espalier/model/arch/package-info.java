/**
 * Families of models, one file each, and the helpers that they share: how a configuration is read and written, how a pass is
 * recorded, what parameters are called. No class outside this package names one of it; they are found as services.
 */
package org.espalier.model.arch;
