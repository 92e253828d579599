package org.espalier.job;

/**
 * A share that a group of units loses whatever others lose.
 *
 * @param name  of groups: whole parts of theirs, in which {@code *} stands for anything
 * @param share of the units of each, from 0 to {@value BudgetSettings#MOST}
 */
public record GroupShare(String name, double share) {}
