/**
 * Files read and written safely: whole or not at all, mapped, hashed, as JSON. It knows nothing of models. Packages that
 * read or write files depend on it.
 */
package org.espalier.file;
