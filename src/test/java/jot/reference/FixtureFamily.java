package jot.reference;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

import jot.checkpoint.Checkpoint;
import jot.checkpoint.CheckpointFormatException;
import jot.json.Json;
import jot.loading.Families;
import jot.model.Architecture;
import jot.model.family.Config;
import jot.model.family.Family;
import jot.model.family.Role;
import jot.model.family.TensorTable;

/** The families of fixtures, as they are or with a change. */
final class FixtureFamily {

    private FixtureFamily() {
    }

    static Config config(Path folder) throws IOException {
        Path file = folder.resolve("config.json");
        return new Config(file, Json.parse(Files.readAllBytes(file)).asObject("document"));
    }

    static Family of(Path folder) throws IOException {
        return Families.of(config(folder));
    }

    static Architecture blueprint(Path folder) throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            return of(folder).architecture(config(folder), checkpoint);
        }
    }

    static TensorTable table(Path folder) throws IOException {
        return of(folder).tensors(config(folder));
    }

    /** The roles that a fixture has tensors for, in its first block or outside of blocks. */
    static Set<Role> roles(Path folder) throws IOException {
        TensorTable table = table(folder);
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            return Arrays.stream(Role.values()).filter(role -> table.name(role).stream().anyMatch(name -> checkpoint.names().stream()
                    .anyMatch(stored -> stored.contains(bare(name) + ".")))).collect(Collectors.toSet());
        }
    }

    private static String bare(String name) {
        String first = name.replace(TensorTable.BLOCK_NUMBER, "0").replace(TensorTable.HEAD_NUMBER, "0")
                .replace(TensorTable.EXPERT_NUMBER, "0");
        return first.startsWith("/") ? first.substring(1) : first;
    }

    /** A family with another blueprint for whatever it reads. */
    static Family with(Family family, Architecture architecture) {
        return new Changed(family, architecture, null);
    }

    /** A family with other names for its tensors. */
    static Family with(Family family, TensorTable table) {
        return new Changed(family, null, table);
    }

    private record Changed(Family family, Architecture architecture, TensorTable table) implements Family {

        @Override
        public List<String> modelTypes() {
            return family.modelTypes();
        }

        @Override
        public Architecture architecture(Config config) throws CheckpointFormatException {
            return architecture == null ? family.architecture(config) : architecture;
        }

        @Override
        public Architecture architecture(Config config, Checkpoint checkpoint) throws CheckpointFormatException {
            return architecture == null ? family.architecture(config, checkpoint) : architecture;
        }

        @Override
        public TensorTable tensors(Config config) throws CheckpointFormatException {
            return table == null ? family.tensors(config) : table;
        }
    }
}
