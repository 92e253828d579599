/**
 * The operations that can be recorded, one record each: how it runs forwards and backwards on any backend, what its
 * parameters do, and how the axes of its operands depend on each other. Families of models record them; hardly anything
 * else needs to name one.
 */
package org.espalier.tape.op;
