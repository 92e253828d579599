/**
 * Tokenizers and chat templates of checkpoints, whatever form their files have. It knows nothing of weights. Jobs, training
 * and the command line depend on it.
 */
package org.espalier.text;
