package jot.tokenizer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import jot.checkpoint.CheckpointFormatException;
import jot.json.Json;
import jot.json.JsonException;
import jot.json.JsonNull;
import jot.json.JsonObject;
import jot.json.JsonString;

/** Finds the files of a tokenizer and makes it of them. */
final class TokenizerFiles {
    private static final String JSON = "tokenizer.json";
    private static final String VOCABULARY = "vocab.json";
    private static final String MERGES = "merges.txt";

    private TokenizerFiles() {
    }

    /** Returns whether a folder holds a tokenizer. */
    static boolean exist(Path folder) {
        return Files.isRegularFile(folder.resolve(JSON))
                || Files.isRegularFile(folder.resolve(VOCABULARY)) && Files.isRegularFile(folder.resolve(MERGES));
    }

    /** Loads the tokenizer of a folder or file. */
    static Tokenizer load(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            return new Tokenizer(readJson(path));
        }
        if (!exist(path)) {
            throw new NoSuchFileException(path.resolve(JSON).toString(), null,
                    "the folder holds no tokenizer: neither " + JSON + " nor " + VOCABULARY + " with " + MERGES);
        }
        Path config = path.resolve("tokenizer_config.json");
        JsonObject settings = Files.isRegularFile(config) ? readObject(config) : null;
        try {
            if (Files.isRegularFile(path.resolve(JSON))) {
                return new Tokenizer(withRoles(readJson(path.resolve(JSON)), settings));
            }
            return new Tokenizer(withRoles(readVocabulary(path, settings), settings));
        } catch (JsonException e) {
            throw CheckpointFormatException.of(config, e);
        }
    }

    private static Tokenizer.Parts readJson(Path file) throws IOException {
        try {
            return TokenizerJson.read(Files.readAllBytes(file));
        } catch (JsonException e) {
            throw CheckpointFormatException.of(file, e);
        }
    }

    private static JsonObject readObject(Path file) throws IOException {
        try {
            return Json.parse(Files.readAllBytes(file)).asObject(file.getFileName().toString());
        } catch (JsonException e) {
            throw CheckpointFormatException.of(file, e);
        }
    }

    // ---- roles ----

    private static Tokenizer.Parts withRoles(Tokenizer.Parts parts, JsonObject settings) throws JsonException {
        if (settings == null) {
            return parts;
        }
        Tokenizer.NamedIds named = new Tokenizer.NamedIds(role(parts, settings, "bos_token"), role(parts, settings, "eos_token"),
                role(parts, settings, "pad_token"), role(parts, settings, "unk_token"));
        return new Tokenizer.Parts(parts.added(), parts.normalizer(), parts.preTokenizer(), parts.model(), parts.postProcessor(),
                parts.decoder(), named);
    }

    private static OptionalInt role(Tokenizer.Parts parts, JsonObject settings, String name) throws JsonException {
        String content = content(settings, name);
        if (content == null) {
            return OptionalInt.empty();
        }
        AddedTokens.Token added = parts.added().token(content);
        int id = added == null ? parts.model().vocabulary().id(content) : added.id();
        return id == Vocabulary.MISSING ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /** Returns the token of a role, which is written as a string or as an object with its flags; null if there is none. */
    private static String content(JsonObject settings, String name) throws JsonException {
        Json value = settings.get(name);
        if (value == null || value instanceof JsonNull) {
            return null;
        }
        return value instanceof JsonObject object ? object.string("content") : value.asString("member \"" + name + "\"");
    }

    // ---- vocab.json and merges.txt ----

    private static Tokenizer.Parts readVocabulary(Path folder, JsonObject settings) throws IOException {
        Path file = folder.resolve(VOCABULARY);
        Vocabulary vocabulary;
        try {
            vocabulary = TokenizerJson.vocabulary(readObject(file).members());
        } catch (JsonException e) {
            throw CheckpointFormatException.of(file, e);
        }
        BytePairs.Merges merges = readMerges(folder.resolve(MERGES), vocabulary);
        AddedTokens added = AddedTokens.of(List.of(AddedTokens.Token.special("<|endoftext|>", vocabulary.id("<|endoftext|>"))));
        return new Tokenizer.Parts(added, Normalizer.NONE, new PreTokenizer.ByteLevel(false, true),
                new CharacterPairs(vocabulary, merges, CharacterPairs.Options.NONE), PostProcessor.NONE, new TokenDecoder.ByteLevel(),
                Tokenizer.NamedIds.NONE);
    }

    private static BytePairs.Merges readMerges(Path file, Vocabulary vocabulary) throws IOException {
        String text = readText(file);
        BytePairs.ListedMerges merges = new BytePairs.ListedMerges((int) text.chars().filter(unit -> unit == '\n').count() + 1);
        int line = 0;
        int rank = 0;
        int next;
        for (int start = 0; start < text.length(); start = next) {
            line++;
            int end = text.indexOf('\n', start);
            end = end < 0 ? text.length() : end;
            next = end + 1;
            if (end > start && text.charAt(end - 1) == '\r') {
                end--;
            }
            if (end > start && !text.startsWith("#version", start)) {
                addMerge(merges, vocabulary, file, line, text.substring(start, end), rank++);
            }
        }
        return merges;
    }

    private static void addMerge(BytePairs.ListedMerges merges, Vocabulary vocabulary, Path file, int line, String text, int rank)
            throws CheckpointFormatException {
        int space = text.indexOf(' ');
        if (space < 0 || text.indexOf(' ', space + 1) >= 0) {
            throw new CheckpointFormatException(file, "line " + line, "two symbols", "" + text.split(" ", -1).length);
        }
        String left = text.substring(0, space);
        String right = text.substring(space + 1);
        int leftId = vocabulary.id(left);
        int rightId = vocabulary.id(right);
        int mergedId = vocabulary.id(left.concat(right));
        if (leftId < 0 || rightId < 0 || mergedId < 0) {
            String missing = leftId < 0 ? left : rightId < 0 ? right : left + right;
            throw new CheckpointFormatException(file, "line " + line, "tokens of " + VOCABULARY,
                    JsonString.quote(missing) + ", which is none");
        }
        merges.add(leftId, rightId, rank, mergedId);
    }

    private static String readText(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw new CheckpointFormatException(file, "", "UTF-8", "bytes that are not", e);
        }
    }
}
