package org.espalier.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What this program leaves in folders: by it, a folder that may be replaced is told from a person's own. Only the names
 * count, so that the folder of an unfinished or damaged run is known as well.
 */
final class OwnFolder {

    /** Of models, adapters, plans, scores, trainings and comparisons, and of the texts that a demonstration is made on. */
    private static final Set<String> FILES = Set.of(
            "config.json",
            "generation_config.json",
            "model.safetensors",
            "model.safetensors.index.json",
            "tokenizer.json",
            "tokenizer.model",
            "ice_text.model",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "added_tokens.json",
            "vocab.json",
            "merges.txt",
            "chat_template.jinja",
            "chat_template.json",
            "modeling_espalier.py",
            "plan.json",
            "scores.json",
            "adapter_config.json",
            "adapter_model.safetensors",
            "training.json",
            "metrics.jsonl",
            "optimizer.safetensors",
            "comparison.json",
            "report.html",
            "report.md",
            "calibration.txt",
            "training.txt",
            "unseen.txt");

    private static final Pattern SHARD = Pattern.compile("model-\\d{5}-of-\\d{5}\\.safetensors");

    /** Copied from a model that another is made of. */
    private static final Pattern LICENCE = Pattern.compile("(?i)(licen[cs]e|notice|copying|use_policy)(\\.(txt|md))?");

    /** Of the main job and of the demonstration. */
    private static final Set<String> FOLDERS = Set.of("pruned", "adapter", "recovered", "espalier-stories");

    private OwnFolder() {}

    /** Something in {@code folder} that this program does not write, if there is any. Links are never followed. */
    static Optional<Path> stranger(Path folder) throws IOException {
        for (Path entry : entries(folder)) {
            if (isFolderOfName(entry, FOLDERS)) {
                for (Path inner : entries(entry)) {
                    if (!isOwnFile(inner) && !Aside.isOne(inner)) {
                        return Optional.of(inner);
                    }
                }
            } else if (!isOwnFile(entry) && !Aside.isOne(entry)) {
                return Optional.of(entry);
            }
        }
        return Optional.empty();
    }

    private static List<Path> entries(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.sorted().toList();
        }
    }

    private static boolean isOwnFile(Path entry) throws IOException {
        String name = entry.getFileName().toString();
        if (!Files.isRegularFile(entry, LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        return FILES.contains(name)
                || SHARD.matcher(name).matches()
                || LICENCE.matcher(name).matches()
                || name.equals(OwnText.README) && OwnText.isOwn(entry);
    }

    private static boolean isFolderOfName(Path entry, Set<String> names) {
        return Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)
                && names.contains(entry.getFileName().toString());
    }
}
