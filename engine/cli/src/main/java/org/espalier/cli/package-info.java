/**
 * The command line: parses options into the settings of jobs, prints what came of them, shows progress. It holds no default
 * and does no work of its own. Nothing depends on it.
 */
package org.espalier.cli;
