package org.espalier.text;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/** SentencePiece's {@code tokenizer.model}, a protocol buffer, out of which pieces can be taken; everything else stays as it is. */
final class SentencePieceVocabulary implements VocabularyFile {

    /** Of the model: 1 pieces, 2 trainer. Fields of the latter: 4 pieces there are; 40 to 43 ids of special pieces. */
    private static final int PIECES = 1;

    private static final int TRAINER = 2;
    private static final int PIECE_COUNT = 4;
    private static final Set<Integer> SPECIAL_IDS = Set.of(40, 41, 42, 43);

    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;

    private final byte[] file;
    private final SentencePiece model;
    private final Map<String, Integer> ids;
    private final SentencePieceRanks ranks;

    private SentencePieceVocabulary(byte[] file, String place) {
        this.file = file;
        this.model = SentencePieceReader.read(file, place);
        this.ids = model.ids();
        this.ranks = new SentencePieceRanks(model.pieces());
    }

    /** @throws org.espalier.error.Failure if it is not such a model */
    static SentencePieceVocabulary of(byte[] file, String place) {
        return new SentencePieceVocabulary(file, place);
    }

    @Override
    public int size() {
        return model.pieces().size();
    }

    @Override
    public BitSet required() {
        BitSet required = new BitSet();
        boolean fallsBack = model.bytes().length == SentencePiece.BYTES;
        for (int id = 0; id < size(); id++) {
            SentencePiece.Piece piece = model.pieces().get(id);
            boolean special = switch (piece.type()) {
                case UNKNOWN, CONTROL, USER_DEFINED, BYTE -> true;
                case NORMAL, UNUSED -> false;
            };
            if (special || piece.text().equals(SPACE) || !fallsBack && LastMerge.isCharacter(piece.text())) {
                required.set(id);
            }
        }
        if (model.kind() == SentencePiece.Kind.UNIGRAM) {
            // What an unknown character costs follows from the lowest score.
            required.set(IntStream.range(0, size())
                    .reduce((a, b) -> score(b) < score(a) ? b : a)
                    .orElseThrow());
        }
        return required;
    }

    private float score(int id) {
        return model.pieces().get(id).score();
    }

    @Override
    public int[] parts(int token) {
        if (token >= size()
                || model.kind() != SentencePiece.Kind.BPE
                || !model.pieces().get(token).ordinary()) {
            return new int[0];
        }
        return LastMerge.of(model.pieces().get(token).text(), this::rank)
                .map(merge -> IntStream.of(ids.getOrDefault(merge.left(), -1), ids.getOrDefault(merge.right(), -1))
                        .filter(id -> id >= 0) // A character need not be a piece to become part of one.
                        .toArray())
                .orElse(new int[0]);
    }

    private int rank(String left, String right) {
        int piece = ranks.id(left + right);
        return piece == SentencePieceRanks.NONE ? LastMerge.NONE : ranks.rank(piece);
    }

    @Override
    public byte[] cut(int[] kept) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(file.length);
        ByteBuffer in = ByteBuffer.wrap(file);
        int piece = 0;
        while (in.hasRemaining()) {
            int start = in.position();
            int field = field(in);
            int end = in.position();
            if (field != PIECES || VocabularyFile.renumbered(kept, piece++) >= 0) {
                if (field == TRAINER) {
                    writeTrainer(slice(start, end), kept, out);
                } else {
                    out.write(file, start, end - start);
                }
            }
        }
        return out.toByteArray();
    }

    private ByteBuffer slice(int start, int end) {
        return ByteBuffer.wrap(file, start, end - start);
    }

    /** The message with its key and its length. */
    private void writeTrainer(ByteBuffer message, int[] kept, ByteArrayOutputStream out) {
        long key = varint(message);
        varint(message);
        ByteArrayOutputStream inner = new ByteArrayOutputStream();
        while (message.hasRemaining()) {
            int start = message.position();
            int field = field(message);
            int end = message.position();
            if (field == PIECE_COUNT || SPECIAL_IDS.contains(field)) {
                ByteBuffer number = slice(start, end);
                writeVarint(varint(number), inner);
                writeVarint(field == PIECE_COUNT ? pieces(kept) : renumbered(kept, varint(number)), inner);
            } else {
                inner.write(file, start, end - start);
            }
        }
        writeVarint(key, out);
        writeVarint(inner.size(), out);
        out.writeBytes(inner.toByteArray());
    }

    private long pieces(int[] kept) {
        return IntStream.of(kept).filter(id -> id < size()).count();
    }

    /** Special pieces all stay; a negative number says that there is none. */
    private static long renumbered(int[] kept, long id) {
        return id < 0 || id > Integer.MAX_VALUE ? id : VocabularyFile.renumbered(kept, (int) id);
    }

    /** Goes past a field, which was found sound when the file was read; returns its number. */
    private static int field(ByteBuffer in) {
        long key = varint(in);
        switch ((int) (key & 7)) {
            case VARINT -> varint(in);
            case FIXED64 -> in.position(in.position() + 8);
            case BYTES -> {
                int length = (int) varint(in);
                in.position(in.position() + length);
            }
            default -> in.position(in.position() + 4);
        }
        return (int) (key >>> 3);
    }

    private static long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte next = in.get();
            value |= (long) (next & 0x7F) << shift;
            if (next >= 0) {
                return value;
            }
        }
    }

    private static void writeVarint(long value, ByteArrayOutputStream out) {
        long left = value;
        while ((left & ~0x7FL) != 0) {
            out.write((int) (left & 0x7F | 0x80));
            left >>>= 7;
        }
        out.write((int) left);
    }
}
