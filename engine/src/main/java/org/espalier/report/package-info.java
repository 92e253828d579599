/**
 * What came of runs, for people: measures, tables, charts and pages that need no network. It computes nothing of a model.
 * Jobs and the command line depend on it.
 */
package org.espalier.report;
