package org.espalier.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;

/** The process's stdout. That a reader such as {@code head} has gone away is not an error of ours; other failures are. */
final class StandardOutput extends FilterOutputStream {

    private static final String READER_GONE = "Broken pipe";

    StandardOutput() {
        super(new FileOutputStream(FileDescriptor.out));
    }

    @Override
    public void write(byte[] bytes, int start, int count) throws IOException {
        try {
            out.write(bytes, start, count);
        } catch (IOException e) {
            if (!READER_GONE.equals(e.getMessage())) {
                throw e;
            }
        }
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }
}
