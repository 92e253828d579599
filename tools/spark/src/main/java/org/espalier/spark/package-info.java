/** The engine's jobs on a Spark cluster: pieces of work go to executors, what comes of them comes back. */
package org.espalier.spark;
