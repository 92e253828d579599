/**
 * Failures that a person can act on, and nothing else. A failure says what went wrong, where, and what to do; the command
 * line prints it as one line. Every package may throw it, and it knows none of them.
 */
package org.espalier.error;
