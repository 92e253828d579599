package org.espalier.text;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import org.espalier.error.Failure;

/** The program that {@link TokenizerProcess} starts: it opens one tokenizer and answers until its input ends. */
final class TokenizerChild {

    private TokenizerChild() {}

    public static void main(String[] arguments) throws IOException {
        DataInputStream in = new DataInputStream(new BufferedInputStream(System.in));
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(new FileOutputStream(FileDescriptor.out)));
        String json = TokenizerMessages.readText(in);
        String place = TokenizerMessages.readText(in);
        try (TokenizerNative tokenizer = TokenizerNative.open(json, place)) {
            out.writeBoolean(true);
            out.flush();
            while (answered(tokenizer, in, out)) {
                out.flush();
            }
        } catch (Failure e) {
            refuse(out, e);
        }
    }

    private static boolean answered(TokenizerNative tokenizer, DataInputStream in, DataOutputStream out)
            throws IOException {
        int message;
        try {
            message = in.readByte();
        } catch (EOFException e) {
            return false;
        }
        try {
            if (message == TokenizerMessages.ENCODE) {
                int[] ids = tokenizer.encode(TokenizerMessages.readText(in));
                out.writeBoolean(true);
                TokenizerMessages.writeInts(out, ids);
            } else {
                String text = tokenizer.decode(TokenizerMessages.readInts(in), in.readBoolean());
                out.writeBoolean(true);
                TokenizerMessages.writeText(out, text);
            }
        } catch (Failure e) {
            refuse(out, e);
        }
        return true;
    }

    private static void refuse(DataOutputStream out, Failure failure) throws IOException {
        Throwable cause = failure.getCause() == null ? failure : failure.getCause();
        out.writeBoolean(false);
        TokenizerMessages.writeText(out, String.valueOf(cause.getMessage()));
        out.flush();
    }
}
