package jot.reference;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;

import jot.checkpoint.Checkpoint;
import jot.checkpoint.CheckpointFormatException;
import jot.json.Json;
import jot.json.JsonArray;
import jot.json.JsonBoolean;
import jot.json.JsonNull;
import jot.json.JsonNumber;
import jot.json.JsonObject;
import jot.json.JsonString;
import jot.loading.Families;
import jot.model.Architecture;
import jot.model.family.Config;
import jot.model.family.Family;
import jot.model.family.Role;
import jot.model.family.TensorTable;

/** Configurations that differ from a fixture's in the value of one key, and which of them make no difference. */
final class ConfigurationMutations {

    private ConfigurationMutations() {
    }

    /** What a configuration comes to. */
    private record Meaning(Architecture architecture, List<Object> table) {
    }

    /** The keys of a fixture's configuration whose value makes no difference. */
    static List<String> ignored(Path folder) throws IOException {
        Config config = FixtureFamily.config(folder);
        List<String> ignored = new ArrayList<>();
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            Meaning meaning = meaning(config, checkpoint);
            for (Map.Entry<String, List<String>> mutation : mutations(config.values()).entrySet()) {
                boolean same = true;
                for (String json : mutation.getValue()) {
                    same &= meansTheSame(new Config(config.file(), parse(json)), checkpoint, meaning);
                }
                if (same) {
                    ignored.add(mutation.getKey());
                }
            }
        }
        return ignored;
    }

    private static boolean meansTheSame(Config changed, Checkpoint checkpoint, Meaning meaning) {
        try {
            return meaning(changed, checkpoint).equals(meaning);
        } catch (CheckpointFormatException e) {
            return false;
        }
    }

    private static Meaning meaning(Config config, Checkpoint checkpoint) throws CheckpointFormatException {
        Family family = Families.of(config);
        TensorTable table = family.tensors(config);
        List<Object> parts = new ArrayList<>(List.of(table.prefixes(), table.transposed(), table.queryKeyValueLayout(),
                table.normOffset()));
        Arrays.stream(Role.values()).forEach(role -> parts.add(List.of(role, table.name(role), table.biasName(role))));
        return new Meaning(family.architecture(config, checkpoint), parts);
    }

    /** For each key, or key within a group, whole configurations with other values for it. */
    private static Map<String, List<String>> mutations(JsonObject values) {
        Map<String, List<String>> found = new LinkedHashMap<>();
        for (Map.Entry<String, Json> member : values.members().entrySet()) {
            if (member.getValue() instanceof JsonObject group && group.size() > 0) {
                mutations(group).forEach((key, changed) -> found.put(member.getKey() + "." + key,
                        changed.stream().map(json -> with(values, member.getKey(), json)).toList()));
            } else {
                found.put(member.getKey(), others(member.getValue()).stream()
                        .map(other -> with(values, member.getKey(), other)).toList());
            }
        }
        return found;
    }

    private static String with(JsonObject values, String key, String other) {
        StringJoiner all = new StringJoiner(", ", "{", "}");
        values.members().forEach((name, value) -> all.add(JsonString.quote(name) + ": " + (name.equals(key) ? other
                : FixtureCopy.text(value))));
        return all.toString();
    }

    private static List<String> others(Json value) {
        return switch (value) {
            case JsonNull _ -> List.of("1", "true", "\"other\"");
            case JsonBoolean flag -> List.of(Boolean.toString(!flag.value()));
            case JsonNumber number -> List.of(number.text().matches("-?\\d+") ? Long.toString(Long.parseLong(number.text()) + 1)
                    : Double.toString(1.5 * Double.parseDouble(number.text())));
            case JsonString string -> List.of(JsonString.quote(string.value() + "_other"));
            case JsonArray _ -> List.of("[]", "\"other\"");
            case JsonObject _ -> List.of("\"other\"");
        };
    }

    private static JsonObject parse(String json) throws IOException {
        return Json.parse(json.getBytes(StandardCharsets.UTF_8)).asObject("document");
    }
}
