package org.espalier.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import org.espalier.couple.Member;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.error.Failure;
import org.espalier.ffi.NativeMemory;
import org.espalier.file.Closing;
import org.espalier.format.Checkpoint;
import org.espalier.format.RowOrder;
import org.espalier.format.StoredTensor;
import org.espalier.tensor.Shape;

/**
 * A model that knows some of its tokens alone, under other numbers: it predicts them as the whole one does where that predicts none of
 * the others. Rows of these tokens are copies, which live as long as this; everything else is the whole model's.
 */
public final class TokenRows implements Checkpoint {

    private final ModelCheckpoint whole;
    private final ObjectNode config;
    private final SequencedMap<String, StoredTensor> tensors;
    private final List<NativeMemory> copies = new ArrayList<>();

    private TokenRows(ModelCheckpoint whole, int[] tokens) {
        this.whole = whole;
        this.config = whole.config().deepCopy();
        this.tensors = new LinkedHashMap<>(whole.tensors());
        ModelConfig left = whole.model().withVocabulary(tokens.length);
        Architectures.of(left).resize(config, left);
        Units vocabulary = Structure.of(new Transformer(whole.model()).shape())
                .vocabulary()
                .orElseThrow(() -> new Failure(
                        "a model of type " + left.modelType() + " has no vocabulary of which tokens can go",
                        whole.path().toString(),
                        "use a model with the same tokens"));
        for (Member member : vocabulary.members()) {
            tensors.computeIfPresent(member.tensor().name(), (_, tensor) -> rows(tensor, tokens));
        }
    }

    /**
     * A model with some of its tokens.
     *
     * @param whole  that is closed with this
     * @param tokens of the whole model, in the order of their new numbers
     * @throws Failure if its vocabulary is none of which tokens can go
     */
    public static ModelCheckpoint of(ModelCheckpoint whole, int... tokens) {
        TokenRows rows = new TokenRows(whole, tokens);
        try {
            return ModelCheckpoint.of(rows);
        } catch (RuntimeException | Error e) {
            Closing.all(rows.copies.stream().<Runnable>map(copy -> copy::close).toList());
            throw e;
        }
    }

    private StoredTensor rows(StoredTensor tensor, int... tokens) {
        NativeMemory copy = NativeMemory.allocate(tokens.length * tensor.rowBytes(), "rows of " + tensor.name());
        copies.add(copy);
        for (int row = 0; row < tokens.length; row++) {
            MemorySegment.copy(
                    tensor.bytes(),
                    tensor.rowOffset(tokens[row]),
                    copy.segment(),
                    row * tensor.rowBytes(),
                    tensor.rowBytes());
        }
        long[] dims = tensor.shape().toArray();
        dims[0] = tokens.length;
        return new StoredTensor(tensor.name(), tensor.type(), Shape.of(dims), copy.segment(), RowOrder.IDENTITY);
    }

    @Override
    public Path path() {
        return whole.path();
    }

    @Override
    public JsonNode config() {
        return config;
    }

    @Override
    public SequencedMap<String, StoredTensor> tensors() {
        return tensors;
    }

    @Override
    public Optional<Map<String, Object>> ggufMetadata() {
        return whole.ggufMetadata();
    }

    @Override
    public List<Path> weightFiles() {
        return whole.weightFiles();
    }

    @Override
    public void close() {
        copies.forEach(NativeMemory::close);
        whole.close();
    }
}
