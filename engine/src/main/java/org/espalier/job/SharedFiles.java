package org.espalier.job;

import java.util.List;
import java.util.Optional;

/**
 * Files of which each gives its share.
 *
 * @param option that names them, for messages
 * @param files  in order
 */
record SharedFiles(String option, List<DataFile> files) {

    /** How far shares may be from adding up to 1: three thirds are written as 0.33. */
    private static final double NEAR_ONE = 0.011;

    /** What a file gives of everything; what does not quite add up to 1, as thirds do, is made to. Without shares all give the same. */
    double share(DataFile file) {
        return noneIsGiven() ? 1.0 / files.size() : file.share().orElseThrow() / sum();
    }

    /** Whether no file has a share. */
    boolean noneIsGiven() {
        return files.stream().allMatch(file -> file.share().isEmpty());
    }

    private double sum() {
        return files.stream().mapToDouble(file -> file.share().orElse(0)).sum();
    }

    /** What is wrong with the shares, if anything is. Several files need shares if one has its own. */
    Optional<String> complaint() {
        if (!noneIsGiven()) {
            Optional<String> missing = missing();
            if (missing.isPresent()) {
                return missing;
            }
            if (Math.abs(sum() - 1) > NEAR_ONE) {
                return Optional.of("the shares of %s add up to %s, not to 1".formatted(option, (float) sum()));
            }
        }
        return files.stream().map(DataFile::path).distinct().count() < files.size()
                ? Optional.of(option + " names a file twice")
                : Optional.empty();
    }

    /** What is said of the first of several files that has no share. */
    Optional<String> missing() {
        return files.stream()
                .filter(file -> files.size() > 1 && file.share().isEmpty())
                .findFirst()
                .map(file -> "%s names %d files, and %s without its share of the tokens: write %s:0.5, for example"
                        .formatted(
                                option, files.size(), file.path(), file.path().getFileName()));
    }
}
