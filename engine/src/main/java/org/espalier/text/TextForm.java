package org.espalier.text;

/** How a text is written before it is cut into tokens, and how what tokens give is read. */
interface TextForm {

    /** As it is. */
    TextForm PLAIN = new TextForm() {
        @Override
        public String written(String text) {
            return text;
        }

        @Override
        public String read(String text) {
            return text;
        }
    };

    /** What is cut into tokens. */
    String written(String text);

    /** The text of what tokens give. */
    String read(String text);
}
