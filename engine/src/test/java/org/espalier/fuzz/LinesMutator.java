package org.espalier.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/** Changes JSON lines: one as JSON, or where lines end and how many there are. */
final class LinesMutator implements Mutator {

    private static final String[] BREAKS = {"\n", "\n", "\n", "\n", "\r\n", "\n\n", "", " ", "\r", "\n \n"};

    private final Mutator json = new JsonMutator();
    private final Mutator bytes = new ByteMutator();

    @Override
    public byte[] mutate(byte[] content, byte[] other, RandomGenerator random) {
        List<byte[]> lines = lines(content);
        if (lines.isEmpty() || random.nextInt(12) == 0) {
            return bytes.mutate(content, other, random);
        }
        int line = random.nextInt(lines.size());
        switch (random.nextInt(5)) {
            case 0 -> lines.add(line, lines.get(random.nextInt(lines.size())));
            case 1 -> lines.addAll(lines(other));
            default -> lines.set(line, json.mutate(lines.get(line), lines.get(random.nextInt(lines.size())), random));
        }
        String lineBreak = BREAKS[random.nextInt(BREAKS.length)];
        return lines.stream()
                .map(bytesOfLine -> new String(bytesOfLine, StandardCharsets.ISO_8859_1))
                .collect(Collectors.joining(lineBreak))
                .getBytes(StandardCharsets.ISO_8859_1);
    }

    private static List<byte[]> lines(byte[] content) {
        return new String(content, StandardCharsets.UTF_8)
                .lines()
                .filter(line -> !line.isBlank())
                .map(line -> line.getBytes(StandardCharsets.UTF_8))
                .collect(Collectors.toCollection(ArrayList::new));
    }
}
