/**
 * Decides from scores what is kept, and writes that as a plan: how many units every group loses, in which order, and the
 * file that says so. It computes no score and touches no weight. Reports read plans; {@code job} makes and applies them.
 */
package org.espalier.plan;
