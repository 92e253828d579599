package org.espalier.tune;

import org.espalier.file.SeparatedTexts;

/** The texts of a plain file, each of which counts as a whole. */
record PlainExamples(SeparatedTexts texts) implements Examples {

    @Override
    public int size() {
        return texts.size();
    }

    @Override
    public Example get(int index) {
        return Example.text(texts.get(index));
    }

    @Override
    public void close() {
        texts.close();
    }
}
