package org.espalier.fuzz;

import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.espalier.error.Failure;
import org.espalier.error.Warnings;
import org.espalier.text.TriedTokenizer;

/** The program of {@link LibraryTarget}: tries one folder after the other until its input ends. */
final class LibraryChild {

    static final byte ACCEPTED = 'a';
    static final byte REFUSED = 'r';
    static final byte FOUND = 'f';

    private static final Path PAGES = Path.of("/proc/self/statm");
    private static final long PAGE_BYTES = 4096;
    /** Tries after which the program has what it needs for all. */
    private static final int FIRST_TRIES = 50;

    private long tries;
    private long mostResident;

    private LibraryChild() {}

    /** A tokenizer with its library, in this process. */
    private record Tokenizer() implements Target {

        @Override
        public String name() {
            return "tokenizer";
        }

        @Override
        public List<Input> seeds() {
            return List.of();
        }

        @Override
        public boolean passesFirstCheck(Input input) {
            return true;
        }

        @Override
        public void read(Path folder, Input input) {
            TriedTokenizer.run(folder);
        }
    }

    public static void main(String[] arguments) throws IOException {
        Warnings.hear(_ -> {});
        DataInputStream in = new DataInputStream(System.in);
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(new FileOutputStream(FileDescriptor.out)));
        LibraryChild child = new LibraryChild();
        try {
            while (true) {
                child.answer(Path.of(readText(in)), out);
                out.flush();
            }
        } catch (EOFException e) {
            // The parent has no more.
            return;
        }
    }

    private void answer(Path folder, DataOutputStream out) throws IOException {
        Input input = Input.read(folder);
        Attempt attempt = Attempt.make(new Tokenizer(), folder, input);
        Optional<Finding> finding = attempt.finding().or(() -> grown(input));
        if (finding.isPresent()) {
            out.writeByte(FOUND);
            writeText(out, finding.get().kind());
            writeText(out, finding.get().detail());
        } else if (attempt.refusal().isPresent()) {
            Failure refusal = attempt.refusal().get();
            out.writeByte(REFUSED);
            writeText(out, refusal.problem());
            writeText(out, refusal.place());
            writeText(out, refusal.advice());
        } else {
            out.writeByte(ACCEPTED);
        }
    }

    /** What the library takes is not counted by Java. */
    private Optional<Finding> grown(Input input) {
        long resident = resident();
        long more = resident - mostResident;
        mostResident = Math.max(mostResident, resident);
        return tries++ > FIRST_TRIES && more > Target.USUAL_BYTES
                ? Optional.of(new Finding("memory of the process", "it grew by " + more + " bytes", input))
                : Optional.empty();
    }

    /** Bytes of the process in memory; 0 where the system does not say. */
    private static long resident() {
        try {
            return Files.exists(PAGES) ? Long.parseLong(Files.readString(PAGES).split(" ")[1]) * PAGE_BYTES : 0;
        } catch (IOException e) {
            return 0;
        }
    }

    static void writeText(DataOutputStream out, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    static String readText(DataInputStream in) throws IOException {
        byte[] bytes = new byte[in.readInt()];
        in.readFully(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
