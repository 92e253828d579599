package org.espalier.fuzz;

import java.nio.file.Path;
import java.util.List;
import org.espalier.format.HostileFiles;
import org.espalier.format.SafetensorsFile;

/** One safetensors file: its header, and every number's place. */
final class SafetensorsTarget implements Target {

    private static final String FILE = "model.safetensors";

    @Override
    public String name() {
        return "safetensors";
    }

    @Override
    public List<Input> seeds() {
        return List.of(
                Input.of(FILE, HostileFiles.safetensors("""
                        {"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},\
                        "b":{"dtype":"I64","shape":[2],"data_offsets":[24,40]}}""", 40)), Input.of(FILE, HostileFiles.safetensors("""
                        {"x":{"dtype":"BF16","shape":[1,4],"data_offsets":[0,8]},\
                        "y":{"dtype":"BOOL","shape":[],"data_offsets":[8,9]},\
                        "z":{"dtype":"U8","shape":[0,7],"data_offsets":[9,9]}}""", 9)));
    }

    @Override
    public boolean passesFirstCheck(Input input) {
        return FirstChecks.isSafetensors(input, FILE);
    }

    @Override
    public void read(Path folder, Input input) {
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve(FILE))) {
            file.tensors().values().forEach(tensor -> tensor.bytes().byteSize());
        }
    }
}
