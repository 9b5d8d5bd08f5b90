package jot.tokenizer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.text.Normalizer.Form;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
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
    private static final String MODEL = "tokenizer.model";
    private static final String TIKTOKEN = ".tiktoken";
    private static final String END_OF_TEXT = "<|endoftext|>";

    private TokenizerFiles() {
    }

    /** Returns whether a folder holds a tokenizer. */
    static boolean exist(Path folder) throws IOException {
        return Files.isRegularFile(folder.resolve(JSON)) || hasVocabulary(folder) || Files.isRegularFile(folder.resolve(MODEL))
                || tiktoken(folder) != null;
    }

    private static boolean hasVocabulary(Path folder) {
        return Files.isRegularFile(folder.resolve(VOCABULARY)) && Files.isRegularFile(folder.resolve(MERGES));
    }

    /** Returns the one file NAME.tiktoken of a folder, or null. */
    private static Path tiktoken(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return null;
        }
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> found = files.filter(file -> file.getFileName().toString().endsWith(TIKTOKEN)).toList();
            return found.size() == 1 ? found.getFirst() : null;
        }
    }

    /** Loads the tokenizer of a folder or file. */
    static Tokenizer load(Path path) throws IOException {
        return new Tokenizer(Files.isDirectory(path) ? readFolder(path) : readFile(path));
    }

    private static Tokenizer.Parts readFile(Path file) throws IOException {
        String name = file.getFileName().toString();
        if (name.endsWith(TIKTOKEN)) {
            return readTiktoken(file, Files.readAllBytes(file), TiktokenName.of(file));
        }
        if (name.endsWith(".model")) {
            return readModel(file, null);
        }
        if (name.endsWith(".json") || !Files.exists(file)) {
            return readJson(file);
        }
        throw new CheckpointFormatException(file, "", "a file " + JSON + ", " + MODEL + " or NAME" + TIKTOKEN, "the name " + name);
    }

    private static Tokenizer.Parts readFolder(Path folder) throws IOException {
        Settings settings = Settings.of(folder);
        try {
            if (Files.isRegularFile(folder.resolve(JSON))) {
                return settings.withRoles(readJson(folder.resolve(JSON)));
            }
            if (hasVocabulary(folder)) {
                return settings.withRoles(readVocabulary(folder, settings));
            }
            if (Files.isRegularFile(folder.resolve(MODEL))) {
                return settings.withRoles(readModel(folder.resolve(MODEL), settings));
            }
        } catch (JsonException e) {
            throw e.in(settings.file, CheckpointFormatException::new);
        }
        Path tiktoken = tiktoken(folder);
        if (tiktoken != null) {
            return readFile(tiktoken);
        }
        throw new NoSuchFileException(folder.resolve(JSON).toString(), null, "the folder holds no tokenizer: neither " + JSON + " nor "
                + VOCABULARY + " with " + MERGES + " nor " + MODEL + " nor one NAME" + TIKTOKEN);
    }

    private static Tokenizer.Parts readJson(Path file) throws IOException {
        try {
            return TokenizerJson.read(Files.readAllBytes(file));
        } catch (JsonException e) {
            throw e.in(file, CheckpointFormatException::new);
        }
    }

    private static JsonObject readObject(Path file) throws IOException {
        try {
            return Json.parse(Files.readAllBytes(file)).asObject(file.getFileName().toString());
        } catch (JsonException e) {
            throw e.in(file, CheckpointFormatException::new);
        }
    }

    /** Returns a post-processor that puts tokens in front of a text and behind it, where there are any. */
    static PostProcessor around(Vocabulary vocabulary, OptionalInt begin, OptionalInt end) {
        Map<String, PostProcessor.Special> specials = new LinkedHashMap<>();
        List<PostProcessor.Place> single = new ArrayList<>();
        List<PostProcessor.Place> pair = new ArrayList<>();
        for (int sequence = 0; sequence < 2; sequence++) {
            List<PostProcessor.Place> places = new ArrayList<>();
            begin.ifPresent(id -> places.add(special("begin", id, vocabulary, specials)));
            places.add(new PostProcessor.Place(sequence, null, sequence));
            end.ifPresent(id -> places.add(special("end", id, vocabulary, specials)));
            single.addAll(sequence == 0 ? places : List.of());
            pair.addAll(places);
        }
        return new PostProcessor.Template(single, pair, specials);
    }

    private static PostProcessor.Place special(String name, int id, Vocabulary vocabulary, Map<String, PostProcessor.Special> specials) {
        String token = vocabulary.token(id);
        specials.put(name, PostProcessor.Special.of(token == null ? name : token, id));
        return new PostProcessor.Place(-1, name, 0);
    }

    // ---- tokenizer_config.json and what lies beside it ----

    /** What the small files beside a vocabulary say. */
    private static final class Settings {
        private final Path file;
        private final JsonObject config;
        private final JsonObject specialTokens;
        private final JsonObject addedTokens;

        private Settings(Path file, JsonObject config, JsonObject specialTokens, JsonObject addedTokens) {
            this.file = file;
            this.config = config;
            this.specialTokens = specialTokens;
            this.addedTokens = addedTokens;
        }

        private static Settings of(Path folder) throws IOException {
            Path file = folder.resolve("tokenizer_config.json");
            return new Settings(file, object(file), object(folder.resolve("special_tokens_map.json")),
                    object(folder.resolve("added_tokens.json")));
        }

        private static JsonObject object(Path file) throws IOException {
            return Files.isRegularFile(file) ? readObject(file) : null;
        }

        private boolean exist() {
            return config != null;
        }

        /** Returns the name of the class that the files were written for, without an ending that says nothing; empty if unknown. */
        private String kind() throws JsonException {
            Json name = config == null ? null : config.get("tokenizer_class");
            return name == null || name instanceof JsonNull ? ""
                    : name.asString("member \"tokenizer_class\"").replaceFirst("(Tokenizer)?(Fast)?$", "");
        }

        /** Returns a setting, or empty if it is not stated. */
        private Optional<Boolean> flag(String name) throws JsonException {
            Json value = config == null ? null : config.get(name);
            return value == null || value instanceof JsonNull ? Optional.empty()
                    : Optional.of(value.asBoolean("member \"" + name + "\""));
        }

        /** Returns the token of a role, or null if there is none. */
        private String role(String name) throws JsonException {
            String stated = config == null ? null : content(config.get(name), name);
            return stated != null || specialTokens == null ? stated : content(specialTokens.get(name), name);
        }

        /** A token is written as a string, or as an object with its flags. */
        private static String content(Json value, String name) throws JsonException {
            if (value == null || value instanceof JsonNull) {
                return null;
            }
            return value instanceof JsonObject object ? object.string("content") : value.asString("member \"" + name + "\"");
        }

        private Tokenizer.Parts withRoles(Tokenizer.Parts parts) throws JsonException {
            Tokenizer.NamedIds known = parts.named();
            Tokenizer.NamedIds named = new Tokenizer.NamedIds(id(parts, "bos_token", known.begin()), id(parts, "eos_token", known.end()),
                    id(parts, "pad_token", known.padding()), id(parts, "unk_token", known.unknown()));
            return new Tokenizer.Parts(parts.added(), parts.normalizer(), parts.preTokenizer(), parts.model(), parts.postProcessor(),
                    parts.decoder(), named);
        }

        private OptionalInt id(Tokenizer.Parts parts, String role, OptionalInt otherwise) throws JsonException {
            String content = role(role);
            if (content == null) {
                return otherwise;
            }
            AddedTokens.Token added = parts.added().token(content);
            int id = added == null ? parts.model().vocabulary().id(content) : added.id();
            return id == Vocabulary.MISSING ? otherwise : OptionalInt.of(id);
        }

        /**
         * Collects the added tokens that the files state, in the order of their ids. A token in the vocabulary has the id that it has
         * there, others follow the vocabulary.
         */
        private List<AddedTokens.Token> added(Vocabulary vocabulary, List<String> special) throws JsonException {
            Map<Long, JsonObject> stated = new TreeMap<>();
            Map<String, Long> named = new LinkedHashMap<>();
            if (config != null && config.get("added_tokens_decoder") instanceof JsonObject decoder) {
                for (Map.Entry<String, Json> entry : decoder.members().entrySet()) {
                    JsonObject token = entry.getValue().asObject("an added token");
                    stated.put(number(entry.getKey()), token);
                    named.put(token.string("content"), number(entry.getKey()));
                }
            }
            List<AddedTokens.Token> tokens = new ArrayList<>();
            int free = vocabulary.count();
            for (JsonObject token : stated.values()) {
                AddedTokens.Token added = withFlags(token, vocabulary, free);
                free = next(free, added);
                tokens.add(added);
            }
            Set<String> specials = specialContents(special);
            for (String content : unflagged(specials)) {
                if (!named.containsKey(content)) {
                    int id = vocabulary.id(content);
                    boolean isSpecial = specials.contains(content);
                    AddedTokens.Token added = new AddedTokens.Token(content, id == Vocabulary.MISSING ? free : id, false, false, false,
                            !isSpecial, isSpecial);
                    free = next(free, added);
                    tokens.add(added);
                }
            }
            return tokens;
        }

        private static int next(int free, AddedTokens.Token added) throws JsonException {
            if (added.id() >= Integer.MAX_VALUE - 1) {
                throw new JsonException("added token " + JsonString.quote(added.content()), "an id below 2147483646", "" + added.id());
            }
            return Math.max(free, added.id() + 1);
        }

        private static long number(String key) throws JsonException {
            try {
                long id = Long.parseLong(key);
                if (id >= 0 && id < Integer.MAX_VALUE) {
                    return id;
                }
            } catch (NumberFormatException e) {
                // told below
            }
            throw new JsonException("member \"added_tokens_decoder\"", "ids from 0 to 2147483646", JsonString.quote(key));
        }

        private static AddedTokens.Token withFlags(JsonObject token, Vocabulary vocabulary, int free) throws JsonException {
            String content = token.string("content");
            int id = vocabulary.id(content);
            return new AddedTokens.Token(content, id == Vocabulary.MISSING ? free : id, isSet(token, "single_word"), isSet(token, "lstrip"),
                    isSet(token, "rstrip"), isSet(token, "normalized"), isSet(token, "special"));
        }

        private static boolean isSet(JsonObject token, String flag) throws JsonException {
            return token.has(flag) && token.get(flag).asBoolean("member \"" + flag + "\"");
        }

        /** The tokens of added_tokens.json in the order of their ids, then the special ones. */
        private List<String> unflagged(Set<String> specials) throws JsonException {
            Map<Integer, String> ordered = new TreeMap<>();
            if (addedTokens != null) {
                for (Map.Entry<String, Json> entry : addedTokens.members().entrySet()) {
                    ordered.put(entry.getValue().asInt("id of " + JsonString.quote(entry.getKey())), entry.getKey());
                }
            }
            List<String> contents = new ArrayList<>(ordered.values());
            specials.stream().filter(content -> !contents.contains(content)).forEach(contents::add);
            contents.removeIf(String::isEmpty);
            return contents;
        }

        private Set<String> specialContents(List<String> otherwise) throws JsonException {
            Set<String> contents = new LinkedHashSet<>();
            for (String role : List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")) {
                String content = role(role);
                if (content != null) {
                    contents.add(content);
                }
            }
            if (contents.isEmpty()) {
                contents.addAll(otherwise);
            }
            for (JsonObject object : Arrays.asList(config, specialTokens)) {
                if (object != null && object.has("additional_special_tokens")
                        && !(object.get("additional_special_tokens") instanceof JsonNull)) {
                    for (Json each : object.array("additional_special_tokens")) {
                        contents.add(content(each, "additional_special_tokens"));
                    }
                }
            }
            contents.remove(null);
            return contents;
        }
    }

    // ---- vocab.json and merges.txt ----

    private static Tokenizer.Parts readVocabulary(Path folder, Settings settings) throws IOException {
        Path file = folder.resolve(VOCABULARY);
        Vocabulary vocabulary;
        try {
            vocabulary = TokenizerJson.vocabulary(readObject(file).members());
        } catch (JsonException e) {
            throw e.in(file, CheckpointFormatException::new);
        }
        Merges merges = Merges.read(folder.resolve(MERGES), vocabulary);
        String kind = settings.kind();
        return switch (kind) {
            case "OpenAIGPT" -> gpt1(vocabulary, merges, settings);
            case "" -> merges.endWords ? gpt1(vocabulary, merges, settings) : byteLevel(vocabulary, merges, settings, false);
            case "GPT2", "GPTNeoX", "CodeGen", "Bloom", "GPTJ", "PreTrained" -> byteLevel(vocabulary, merges, settings, false);
            case "Qwen2" -> byteLevel(vocabulary, merges, settings, true);
            default -> throw new JsonException("member \"tokenizer_class\"",
                    "a class of which Jot knows the rules: OpenAIGPT, GPT2, CodeGen, Qwen2", JsonString.quote(kind));
        };
    }

    /** GPT-1: BERT's words, with a mark at the end of each. */
    private static Tokenizer.Parts gpt1(Vocabulary vocabulary, Merges merges, Settings settings) throws JsonException {
        PreTokenizer words = new PreTokenizer.Sequence(List.of(
                new PreTokenizer.Split(new TextPattern.Single(Characters::isSpace), PreTokenizer.Behavior.REMOVED, false),
                new PreTokenizer.Split(new TextPattern.Single(Characters::isPunctuation), PreTokenizer.Behavior.ISOLATED, false)));
        String unknown = settings.role("unk_token") == null ? "<unk>" : settings.role("unk_token");
        CharacterPairs.Options options = new CharacterPairs.Options(unknown, "", "</w>", false, false, false);
        return new Tokenizer.Parts(AddedTokens.of(settings.added(vocabulary, List.of(unknown))),
                new Normalizer.Bert(true, true, true, true),
                words, new CharacterPairs(vocabulary, merges.table, options), PostProcessor.NONE, new TokenDecoder.WordSuffix("</w>"),
                Tokenizer.NamedIds.NONE);
    }

    /** GPT-2 and its kin. */
    private static Tokenizer.Parts byteLevel(Vocabulary vocabulary, Merges merges, Settings settings, boolean isQwen) throws JsonException {
        boolean spaceInFront = settings.flag("add_prefix_space").orElse(false);
        PreTokenizer gpt2 = new PreTokenizer.ByteLevel(spaceInFront, true);
        PreTokenizer qwen = new PreTokenizer.Sequence(List.of(new PreTokenizer.Split(new TextPattern.Scanner(PieceScanner.QWEN2),
                PreTokenizer.Behavior.ISOLATED, false), new PreTokenizer.ByteLevel(spaceInFront, false)));
        AddedTokens added = AddedTokens.of(settings.added(vocabulary, List.of(END_OF_TEXT)));
        Tokenizer.Parts parts = new Tokenizer.Parts(added, isQwen ? new Normalizer.UnicodeForm(Form.NFC) : Normalizer.NONE,
                isQwen ? qwen : gpt2, new CharacterPairs(vocabulary, merges.table, CharacterPairs.Options.NONE), PostProcessor.NONE,
                new TokenDecoder.ByteLevel(), Tokenizer.NamedIds.NONE);
        return around(parts, settings, false);
    }

    /** Puts the begin and end token around a prompt if the settings say so. */
    private static Tokenizer.Parts around(Tokenizer.Parts parts, Settings settings, boolean beginsByDefault) throws JsonException {
        Tokenizer.NamedIds named = settings.withRoles(parts).named();
        OptionalInt begin = settings.flag("add_bos_token").orElse(beginsByDefault) ? named.begin() : OptionalInt.empty();
        OptionalInt end = settings.flag("add_eos_token").orElse(false) ? named.end() : OptionalInt.empty();
        PostProcessor post = begin.isEmpty() && end.isEmpty() ? PostProcessor.NONE : around(parts.model().vocabulary(), begin, end);
        return new Tokenizer.Parts(parts.added(), parts.normalizer(), parts.preTokenizer(), parts.model(), post, parts.decoder(), named);
    }

    /** The merges of a file, and whether they know the ends of words. */
    private record Merges(BytePairs.ListedMerges table, boolean endWords) {
        private static Merges read(Path file, Vocabulary vocabulary) throws IOException {
            String text = readText(file);
            BytePairs.ListedMerges table = new BytePairs.ListedMerges((int) text.chars().filter(unit -> unit == '\n').count() + 1);
            boolean endWords = false;
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
                    String merge = text.substring(start, end);
                    add(table, vocabulary, file, line, merge, rank++);
                    endWords |= merge.endsWith("</w>");
                }
            }
            return new Merges(table, endWords);
        }

        private static void add(BytePairs.ListedMerges table, Vocabulary vocabulary, Path file, int line, String text, int rank)
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
            table.add(leftId, rightId, rank, mergedId);
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

    // ---- tokenizer.model ----

    /** A file of this name is SentencePiece's, or, for Llama 3, tiktoken's. */
    private static Tokenizer.Parts readModel(Path file, Settings settings) throws IOException {
        byte[] content = Files.readAllBytes(file);
        if (TiktokenName.isTiktoken(content)) {
            return readTiktoken(file, content, TiktokenName.LLAMA3);
        }
        Tokenizer.Parts parts = SentencePiece.read(file, content);
        if (settings == null || !settings.exist()) {
            return parts;
        }
        Vocabulary vocabulary = parts.model().vocabulary();
        List<AddedTokens.Token> added = settings.added(vocabulary, List.of()).stream()
                .filter(token -> vocabulary.id(token.content()) == Vocabulary.MISSING).toList();
        AddedTokens all = AddedTokens.of(Stream.concat(parts.added().tokens().stream().filter(token -> !token.special()), added.stream())
                .toList()).withHidden(parts.added().tokens().stream().filter(AddedTokens.Token::special).toList());
        return around(new Tokenizer.Parts(all, parts.normalizer(), parts.preTokenizer(), parts.model(), parts.postProcessor(),
                parts.decoder(), parts.named()), settings, true);
    }

    // ---- tiktoken ----

    /** The encodings of which only the tokens are in a file; the rest is known by name. */
    private enum TiktokenName {
        R50K_BASE(PieceScanner.GPT2, Map.of(END_OF_TEXT, 50256)),
        P50K_BASE(PieceScanner.GPT2, Map.of(END_OF_TEXT, 50256)),
        CL100K_BASE(PieceScanner.CL100K_TIKTOKEN, Map.of(END_OF_TEXT, 100257, "<|fim_prefix|>", 100258, "<|fim_middle|>", 100259,
                "<|fim_suffix|>", 100260, "<|endofprompt|>", 100276)),
        O200K_BASE(PieceScanner.O200K, Map.of(END_OF_TEXT, 199999, "<|endofprompt|>", 200018)),
        /** Has a begin token, and its special tokens follow the others. */
        LLAMA3(PieceScanner.CL100K, Map.of());

        private final PieceScanner scanner;
        private final Map<String, Integer> special;

        TiktokenName(PieceScanner scanner, Map<String, Integer> special) {
            this.scanner = scanner;
            this.special = special;
        }

        private static TiktokenName of(Path file) throws CheckpointFormatException {
            String name = file.getFileName().toString().replaceFirst("\\.tiktoken$", "");
            return switch (name) {
                case "r50k_base", "gpt2" -> R50K_BASE;
                case "p50k_base" -> P50K_BASE;
                case "cl100k_base" -> CL100K_BASE;
                case "o200k_base" -> O200K_BASE;
                default -> throw new CheckpointFormatException(file, "",
                        "a file named after r50k_base, p50k_base, cl100k_base or o200k_base, which tells how text is split", name);
            };
        }

        private Map<String, Integer> special(int tokens) {
            if (this != LLAMA3) {
                return special;
            }
            List<String> names = new ArrayList<>(List.of("begin_of_text", "end_of_text", "reserved_special_token_0",
                    "reserved_special_token_1", "reserved_special_token_2", "reserved_special_token_3", "start_header_id",
                    "end_header_id", "reserved_special_token_4", "eot_id"));
            for (int i = 5; i <= 250; i++) {
                names.add("reserved_special_token_" + i);
            }
            Map<String, Integer> ids = new LinkedHashMap<>();
            names.forEach(name -> ids.put("<|" + name + "|>", tokens + ids.size()));
            return ids;
        }

        /** Returns whether a file's first line is a token in base64 and its rank. */
        private static boolean isTiktoken(byte[] content) {
            int at = 0;
            while (at < content.length && at < 1000 && content[at] > ' ' && content[at] < 0x7F) {
                at++;
            }
            int digits = at + 1;
            while (digits < content.length && content[digits] >= '0' && content[digits] <= '9') {
                digits++;
            }
            return at > 0 && at < content.length && content[at] == ' ' && digits > at + 1
                    && (digits == content.length || content[digits] == '\n' || content[digits] == '\r');
        }
    }

    private static Tokenizer.Parts readTiktoken(Path file, byte[] content, TiktokenName name) throws CheckpointFormatException {
        RankedFile ranked = RankedFile.read(file, content);
        Vocabulary vocabulary = ranked.vocabulary(file);
        if (vocabulary.highestId() > Integer.MAX_VALUE - 1000) {
            throw new CheckpointFormatException(file, "", "ranks that leave room for special tokens", "" + vocabulary.highestId());
        }
        Map<String, Integer> special = name.special(vocabulary.highestId() + 1);
        List<AddedTokens.Token> added = new ArrayList<>();
        for (Map.Entry<String, Integer> entry : special.entrySet()) {
            if (vocabulary.token(entry.getValue()) != null) {
                throw new CheckpointFormatException(file, "", "no token with the id " + entry.getValue() + " of " + entry.getKey(), "one");
            }
            added.add(AddedTokens.Token.special(entry.getKey(), entry.getValue()));
        }
        PreTokenizer pieces = new PreTokenizer.Sequence(List.of(new PreTokenizer.Split(new TextPattern.Scanner(name.scanner),
                PreTokenizer.Behavior.ISOLATED, false), new PreTokenizer.ByteLevel(false, false)));
        CharacterPairs.Options wholeFirst = new CharacterPairs.Options(null, "", "", false, false, true);
        CharacterPairs model = new CharacterPairs(vocabulary, new BytePairs.RankedTokens(ranked.tokens, ranked.ids, ranked.ids),
                wholeFirst);
        boolean begins = name == TiktokenName.LLAMA3;
        OptionalInt begin = begins ? OptionalInt.of(special.get("<|begin_of_text|>")) : OptionalInt.empty();
        OptionalInt end = OptionalInt.of(special.get(begins ? "<|end_of_text|>" : END_OF_TEXT));
        PostProcessor post = begins ? new PostProcessor.Template(
                List.of(new PostProcessor.Place(-1, "begin", 0), new PostProcessor.Place(0, null, 0)),
                List.of(new PostProcessor.Place(-1, "begin", 0), new PostProcessor.Place(0, null, 0),
                        new PostProcessor.Place(-1, "begin", 1), new PostProcessor.Place(1, null, 1)),
                Map.of("begin", PostProcessor.Special.of("<|begin_of_text|>", begin.getAsInt()))) : PostProcessor.NONE;
        return new Tokenizer.Parts(AddedTokens.of(added), Normalizer.NONE, pieces, model, post, new TokenDecoder.ByteLevel(),
                new Tokenizer.NamedIds(begin, end, OptionalInt.empty(), OptionalInt.empty()));
    }

    /** The lines of a tiktoken file: the bytes of each token, and its rank, which is its id. */
    private record RankedFile(byte[][] tokens, int[] ids) {
        private static RankedFile read(Path file, byte[] content) throws CheckpointFormatException {
            List<byte[]> tokens = new ArrayList<>(content.length / 16);
            int[] ids = new int[content.length / 16 + 16];
            Base64.Decoder base64 = Base64.getDecoder();
            int line = 0;
            int next;
            for (int start = 0; start < content.length; start = next) {
                line++;
                int end = indexOf(content, '\n', start, content.length);
                next = end + 1;
                if (end > start && content[end - 1] == '\r') {
                    end--;
                }
                if (end == start) {
                    continue;
                }
                int space = indexOf(content, ' ', start, end);
                if (tokens.size() == ids.length) {
                    ids = Arrays.copyOf(ids, ids.length * 2);
                }
                try {
                    ids[tokens.size()] = rank(content, space + 1, end);
                    tokens.add(base64.decode(Arrays.copyOfRange(content, start, space)));
                } catch (IllegalArgumentException e) {
                    throw new CheckpointFormatException(file, "line " + line, "a token in base64, a space and a rank from 0 to 2147483646",
                            JsonString.quote(new String(content, start, end - start, StandardCharsets.ISO_8859_1)), e);
                }
            }
            return new RankedFile(tokens.toArray(byte[][]::new), Arrays.copyOf(ids, tokens.size()));
        }

        private static int indexOf(byte[] content, char unit, int from, int to) {
            int at = from;
            while (at < to && content[at] != unit) {
                at++;
            }
            return at;
        }

        private static int rank(byte[] content, int from, int to) {
            long rank = 0;
            for (int i = from; i < to; i++) {
                int digit = content[i] - '0';
                rank = rank * 10 + digit;
                if (digit < 0 || digit > 9 || rank >= Integer.MAX_VALUE) {
                    throw new IllegalArgumentException("no rank");
                }
            }
            if (from >= to) {
                throw new IllegalArgumentException("no rank");
            }
            return (int) rank;
        }

        /** Writes the tokens in byte letters. */
        private Vocabulary vocabulary(Path file) throws CheckpointFormatException {
            Vocabulary.Builder entries = new Vocabulary.Builder(tokens.length);
            for (int i = 0; i < tokens.length; i++) {
                entries.add(ByteLetters.lettersOf(tokens[i], 0, tokens[i].length), ids[i]);
            }
            Vocabulary vocabulary = entries.build();
            if (vocabulary.duplicateId() != Vocabulary.MISSING) {
                throw new CheckpointFormatException(file, "", "a rank of its own for each token", vocabulary.duplicateId() + " twice");
            }
            for (int i = 0; i < tokens.length; i++) {
                String token = vocabulary.token(ids[i]);
                if (vocabulary.id(token) != ids[i] || token.isEmpty()) {
                    throw new CheckpointFormatException(file, "", "different tokens that are not empty", JsonString.quote(token)
                            + " with the ranks " + ids[i] + " and " + vocabulary.id(token));
                }
            }
            for (int value = 0; value < 256; value++) {
                if (vocabulary.id(String.valueOf(ByteLetters.letter(value))) == Vocabulary.MISSING) {
                    throw new CheckpointFormatException(file, "", "a token for each byte", "none for the byte " + value);
                }
            }
            return vocabulary;
        }
    }
}
