package org.espalier.text;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.espalier.error.Failure;
import org.espalier.file.Json;

/**
 * Reads SentencePiece's {@code tokenizer.model}: a protocol buffer whose message has the fields 1 pieces (1 text, 2 score,
 * 3 type), 2 trainer (3 model type, 41 id of the begin piece, 42 of the end piece) and 3 normaliser (2 table of
 * characters, 3 space before the text, 4 spaces dropped at its ends, 5 spaces escaped). Everything else in it is passed over.
 */
final class SentencePieceReader {

    private static final long LARGEST_FILE = 64L << 20;
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;

    private final String place;
    private final boolean normalised;
    private final List<SentencePiece.Piece> pieces = new ArrayList<>();
    private long modelType = 1;
    private long beginId = 1;
    private long endId = 2;
    private boolean spacePrefix = true;
    private boolean dropsSpaces = true;
    private Optional<CharacterTable> table = Optional.empty();

    private SentencePieceReader(String place, boolean normalised) {
        this.place = place;
        this.normalised = normalised;
    }

    /**
     * The model in a folder; {@code tokenizer_config.json} beside it may say otherwise about spaces than the model itself.
     *
     * @throws Failure if it is not such a model, or one of a kind that cannot be turned into a tokenizer
     */
    static SentencePiece read(Path folder) {
        SentencePiece model = readFile(folder.resolve(Tokenizer.SENTENCE_PIECE), false);
        SettingsFile config = SettingsFile.of(folder.resolve(SettingsFile.CONFIG));
        return model.withSpaces(SentencePiece.Spaces.of(
                config.flag("add_prefix_space").orElse(model.spaces() != SentencePiece.Spaces.NOWHERE),
                config.flag("legacy").orElse(true)));
    }

    /**
     * The model in a file, as it says it itself.
     *
     * @param normalised whether a table of characters is obeyed, as LLaMA's conversion does not
     * @throws Failure as above, and where there is such a table that is not obeyed
     */
    static SentencePiece readFile(Path file, boolean normalised) {
        return new SentencePieceReader(file.toString(), normalised).model(Json.readFile(file, LARGEST_FILE));
    }

    /** As {@link #read(Path)}, of a file that was read. */
    static SentencePiece read(byte[] file, String place) {
        return new SentencePieceReader(place, false).model(file);
    }

    private SentencePiece model(byte[] file) {
        ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        while (in.hasRemaining()) {
            int key = key(in);
            switch (key) {
                case 1 << 3 | BYTES -> pieces.add(piece(bytes(in)));
                case 2 << 3 | BYTES -> trainer(bytes(in));
                case 3 << 3 | BYTES -> normalizer(bytes(in));
                default -> skip(in, key);
            }
        }
        if (pieces.isEmpty()) {
            throw malformed("it has no pieces");
        }
        if (modelType != 1 && modelType != 2) {
            throw new Failure("SentencePiece model is neither unigram nor BPE", place, "use a tokenizer.json");
        }
        SentencePiece.Kind kind = modelType == 1 ? SentencePiece.Kind.UNIGRAM : SentencePiece.Kind.BPE;
        SentencePiece.Spaces spaces = SentencePiece.Spaces.of(spacePrefix, true);
        return new SentencePiece(
                kind,
                List.copyOf(pieces),
                spaces,
                new SentencePiece.Normaliser(dropsSpaces, table),
                control(beginId),
                control(endId));
    }

    /** The control piece with an id; models without a begin or end piece have another kind there, or -1. */
    private Optional<String> control(long id) {
        return Optional.of(id)
                .filter(i -> i >= 0 && i < pieces.size())
                .map(i -> pieces.get((int) (long) i))
                .filter(p -> p.type() == SentencePiece.Type.CONTROL)
                .map(SentencePiece.Piece::text);
    }

    private SentencePiece.Piece piece(ByteBuffer in) {
        String text = "";
        float score = 0;
        long type = 1;
        while (in.hasRemaining()) {
            int key = key(in);
            switch (key) {
                case 1 << 3 | BYTES -> text = text(bytes(in));
                case 2 << 3 | FIXED32 -> score = require(in, 4).getFloat();
                case 3 << 3 | VARINT -> type = varint(in);
                default -> skip(in, key);
            }
        }
        long number = type;
        return new SentencePiece.Piece(
                text,
                score,
                SentencePiece.type(number)
                        .orElseThrow(() -> malformed("piece " + pieces.size() + " has the unknown type " + number)));
    }

    private void trainer(ByteBuffer in) {
        while (in.hasRemaining()) {
            int key = key(in);
            switch (key) {
                case 3 << 3 | VARINT -> modelType = varint(in);
                case 41 << 3 | VARINT -> beginId = varint(in);
                case 42 << 3 | VARINT -> endId = varint(in);
                default -> skip(in, key);
            }
        }
    }

    private void normalizer(ByteBuffer in) {
        while (in.hasRemaining()) {
            int key = key(in);
            switch (key) {
                case 2 << 3 | BYTES -> table = table(bytes(in));
                case 3 << 3 | VARINT -> spacePrefix = varint(in) != 0;
                case 4 << 3 | VARINT -> dropsSpaces = varint(in) != 0;
                case 5 << 3 | VARINT -> requireEscaping(varint(in));
                default -> skip(in, key);
            }
        }
    }

    /** An empty one is none. */
    private Optional<CharacterTable> table(ByteBuffer bytes) {
        if (!bytes.hasRemaining()) {
            return Optional.empty();
        }
        if (!normalised) {
            throw new Failure(
                    "SentencePiece model normalises characters by a table, which cannot be read",
                    place,
                    "use a tokenizer.json");
        }
        return Optional.of(CharacterTable.of(bytes).orElseThrow(() -> malformed("its table of characters is cut off")));
    }

    private void requireEscaping(long escapes) {
        if (escapes == 0) {
            throw new Failure(
                    "SentencePiece model leaves spaces as they are, which cannot be read",
                    place,
                    "use a tokenizer.json");
        }
    }

    private String text(ByteBuffer bytes) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        } catch (CharacterCodingException e) {
            throw malformed("piece " + pieces.size() + " is not UTF-8");
        }
    }

    private int key(ByteBuffer in) {
        long key = varint(in);
        if (key < 8 || key > Integer.MAX_VALUE) {
            throw malformed("there is no field where one should begin, before byte " + in.position());
        }
        return (int) key;
    }

    private void skip(ByteBuffer in, int key) {
        switch (key & 7) {
            case VARINT -> varint(in);
            case FIXED64 -> require(in, 8).getLong();
            case BYTES -> bytes(in);
            case FIXED32 -> require(in, 4).getInt();
            default -> throw malformed("a field has an unknown form, before byte " + in.position());
        }
    }

    /** The part of {@code in} that a length announces, without copying it. */
    private ByteBuffer bytes(ByteBuffer in) {
        long length = varint(in);
        if (length < 0 || length > in.remaining()) {
            throw malformed("a field is said to have " + Long.toUnsignedString(length) + " bytes where "
                    + in.remaining() + " are left");
        }
        ByteBuffer part = in.slice(in.position(), (int) length).order(ByteOrder.LITTLE_ENDIAN);
        in.position(in.position() + (int) length);
        return part;
    }

    private long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            byte next = require(in, 1).get();
            value |= (long) (next & 0x7F) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw malformed("a number is longer than ten bytes, before byte " + in.position());
    }

    private ByteBuffer require(ByteBuffer in, int bytes) {
        if (in.remaining() < bytes) {
            throw malformed("it ends in the middle of a field");
        }
        return in;
    }

    private Failure malformed(String complaint) {
        return new Failure("not a SentencePiece model: " + complaint, place, "fetch the file again");
    }
}
