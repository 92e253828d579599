/**
 * Multiple-choice tasks as the field's harness asks them: what a record of a data file becomes, how that becomes tokens, and
 * what the likelihoods of the choices are worth. A task is a small declarative file. Jobs depend on it.
 */
package org.espalier.task;
