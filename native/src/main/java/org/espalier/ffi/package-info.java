/**
 * Native libraries: finding and loading them, calling them through bindings that jextract made, and checking what they
 * return in one place. Memory from here has one owner and is closed. It knows nothing of tensors; every package may use it.
 */
package org.espalier.ffi;
