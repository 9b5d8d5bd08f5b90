package jot.tokenizer;

import java.text.Normalizer.Form;
import java.util.ArrayList;
import java.util.Base64;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import jot.json.Json;
import jot.json.JsonArray;
import jot.json.JsonException;
import jot.json.JsonNull;
import jot.json.JsonNumber;
import jot.json.JsonObject;
import jot.json.JsonString;

/**
 * Reads {@code tokenizer.json}, the format of the Hugging Face tokenizers library.
 *
 * <p>Each component becomes one part; a component or option that is not known is refused by name. Truncation and padding are read over.
 */
final class TokenizerJson {
    private static final Set<String> KEYS = Set.of("version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
            "post_processor", "decoder", "model");
    /** The most components within components. */
    private static final int DEEPEST = 32;

    private final JsonObject document;

    private TokenizerJson(JsonObject document) {
        this.document = document;
    }

    /** Reads a document; no token has a role yet. */
    static Tokenizer.Parts read(byte[] document) throws JsonException {
        return new TokenizerJson(Json.parse(document).asObject("tokenizer.json")).parts();
    }

    private Tokenizer.Parts parts() throws JsonException {
        checkKeys();
        JsonObject model = document.object("model");
        String type = modelType(model);
        Normalizer normalizer = normalizer(part("normalizer"), 0);
        List<AddedToken> stated = addedTokens();
        TokenModel tokens = model(type, model, stated);
        AddedTokens added = AddedTokens.of(withIds(stated, tokens.vocabulary()),
                content -> normalizer.normalize(AlignedText.untracked(content)).value());
        return new Tokenizer.Parts(added, normalizer, preTokenizer(part("pre_tokenizer"), 0), tokens,
                postProcessor(part("post_processor"), 0), decoder(part("decoder"), 0), Tokenizer.NamedIds.NONE);
    }

    private void checkKeys() throws JsonException {
        for (String key : document.names()) {
            if (!KEYS.contains(key)) {
                throw new JsonException("tokenizer.json", "one of the members " + KEYS.stream().sorted().toList(), JsonString.quote(key));
            }
        }
        if (document.has("version") && !document.string("version").equals("1.0")) {
            throw new JsonException("member \"version\"", "\"1.0\"", document.get("version").describe());
        }
    }

    /** Returns a component, or null if there is none. */
    private JsonObject part(String name) throws JsonException {
        Json value = document.get(name);
        return value == null || value instanceof JsonNull ? null : value.asObject("member \"" + name + "\"");
    }

    // ---- added tokens ----

    /** An added token before it has an id. */
    private record AddedToken(String content, boolean singleWord, boolean leftStrip, boolean rightStrip, boolean normalized,
            boolean special) {
    }

    private List<AddedToken> addedTokens() throws JsonException {
        Map<String, AddedToken> tokens = new LinkedHashMap<>();
        Json list = document.get("added_tokens");
        if (list == null || list instanceof JsonNull) {
            return List.of();
        }
        for (Json each : list.asArray("member \"added_tokens\"")) {
            JsonObject token = each.asObject("an added token");
            String content = token.string("content");
            long id = token.require("id").asLong("id of the added token " + JsonString.quote(content));
            if (id < 0 || id >= Integer.MAX_VALUE) {
                throw new JsonException("id of the added token " + JsonString.quote(content), "a number from 0 to 2147483646", "" + id);
            }
            AddedToken read = new AddedToken(content, flag(token, "single_word"), flag(token, "lstrip"), flag(token, "rstrip"),
                    flag(token, "normalized"), flag(token, "special"));
            if (!content.isEmpty()) {
                tokens.put(content, read);
            }
        }
        return List.copyOf(tokens.values());
    }

    /** Gives each token the id of its content in the vocabulary, else the next free one; what the file states does not count. */
    private static List<AddedTokens.Token> withIds(List<AddedToken> stated, Vocabulary vocabulary) throws JsonException {
        List<AddedTokens.Token> tokens = new ArrayList<>();
        int free = vocabulary.count();
        for (AddedToken each : stated) {
            int id = vocabulary.id(each.content);
            id = id == Vocabulary.MISSING ? free : id;
            if (id == Integer.MAX_VALUE) {
                throw new JsonException("added token " + JsonString.quote(each.content), "an id below 2147483647", "none left");
            }
            free = Math.max(free, id + 1);
            tokens.add(new AddedTokens.Token(each.content, id, each.singleWord, each.leftStrip, each.rightStrip, each.normalized,
                    each.special));
        }
        return tokens;
    }

    // ---- normalizers ----

    private static Normalizer normalizer(JsonObject part, int depth) throws JsonException {
        if (part == null) {
            return Normalizer.NONE;
        }
        String type = type(part, "normalizer", depth);
        return switch (type) {
            case "Sequence" -> {
                List<Normalizer> parts = new ArrayList<>();
                for (Json each : part.array("normalizers")) {
                    parts.add(normalizer(each.asObject("a normalizer"), depth + 1));
                }
                yield new Normalizer.Sequence(List.copyOf(parts));
            }
            case "NFC" -> new Normalizer.UnicodeForm(Form.NFC);
            case "NFD" -> new Normalizer.UnicodeForm(Form.NFD);
            case "NFKC" -> new Normalizer.UnicodeForm(Form.NFKC);
            case "NFKD" -> new Normalizer.UnicodeForm(Form.NFKD);
            case "Lowercase" -> new Normalizer.Lowercase();
            case "Strip" -> new Normalizer.Strip(flag(part, "strip_left"), flag(part, "strip_right"));
            case "StripAccents" -> new Normalizer.StripAccents();
            case "Replace" -> new Normalizer.Replace(pattern(part), part.string("content"));
            case "Prepend" -> new Normalizer.Prepend(part.string("prepend"));
            case "BertNormalizer" -> bertNormalizer(part);
            case "Nmt" -> new Normalizer.Nmt();
            case "Precompiled" -> precompiled(part);
            case "ByteLevel" -> new Normalizer.ByteLevel();
            default -> throw unknown("normalizer", type);
        };
    }

    private static Normalizer bertNormalizer(JsonObject part) throws JsonException {
        boolean lowercases = flag(part, "lowercase");
        boolean stripsAccents = isSet(part, "strip_accents") ? flag(part, "strip_accents") : lowercases;
        return new Normalizer.Bert(flag(part, "clean_text"), flag(part, "handle_chinese_chars"), stripsAccents, lowercases);
    }

    private static Normalizer precompiled(JsonObject part) throws JsonException {
        String place = "member \"precompiled_charsmap\"";
        if (!isSet(part, "precompiled_charsmap") || part.string("precompiled_charsmap").isEmpty()) {
            return Normalizer.NONE;
        }
        try {
            return CompiledCharacterMap.of(Base64.getDecoder().decode(part.string("precompiled_charsmap")));
        } catch (IllegalArgumentException e) {
            throw new JsonException(place, "a compiled character map in base64", e.getMessage());
        }
    }

    // ---- pre-tokenizers ----

    private static PreTokenizer preTokenizer(JsonObject part, int depth) throws JsonException {
        if (part == null) {
            return PreTokenizer.NONE;
        }
        String type = type(part, "pre-tokenizer", depth);
        return switch (type) {
            case "Sequence" -> {
                List<PreTokenizer> parts = new ArrayList<>();
                for (Json each : part.array("pretokenizers")) {
                    parts.add(preTokenizer(each.asObject("a pre-tokenizer"), depth + 1));
                }
                yield new PreTokenizer.Sequence(List.copyOf(parts));
            }
            case "ByteLevel" -> new PreTokenizer.ByteLevel(flag(part, "add_prefix_space"), flagOr(part, "use_regex", true));
            case "Metaspace" -> new PreTokenizer.Metaspace(replacement(part), prepend(part), flagOr(part, "split", true));
            case "Whitespace" -> new PreTokenizer.Split(new TextPattern.WordRuns(), PreTokenizer.Behavior.REMOVED, true);
            case "WhitespaceSplit" -> split(new TextPattern.Single(Characters::isSpace), PreTokenizer.Behavior.REMOVED);
            case "BertPreTokenizer" -> new PreTokenizer.Sequence(List.of(
                    split(new TextPattern.Single(Characters::isSpace), PreTokenizer.Behavior.REMOVED),
                    split(new TextPattern.Single(Characters::isPunctuation), PreTokenizer.Behavior.ISOLATED)));
            case "Punctuation" -> split(new TextPattern.Single(Characters::isPunctuation),
                    isSet(part, "behavior") ? behavior(part) : PreTokenizer.Behavior.ISOLATED);
            case "Digits" -> split(new TextPattern.Single(codePoint -> (Characters.kinds(codePoint) & Characters.NUMBER) != 0),
                    flag(part, "individual_digits") ? PreTokenizer.Behavior.ISOLATED : PreTokenizer.Behavior.CONTIGUOUS);
            case "Split" -> new PreTokenizer.Split(pattern(part), behavior(part), flag(part, "invert"));
            case "CharDelimiterSplit" -> split(new TextPattern.Literal(character(part, "delimiter")), PreTokenizer.Behavior.REMOVED);
            case "UnicodeScripts" -> new PreTokenizer.Scripts();
            case "FixedLength" -> new PreTokenizer.FixedLength(positive(part, "length", 5));
            default -> throw unknown("pre-tokenizer", type);
        };
    }

    private static PreTokenizer split(TextPattern pattern, PreTokenizer.Behavior behavior) {
        return new PreTokenizer.Split(pattern, behavior, false);
    }

    private static PreTokenizer.Behavior behavior(JsonObject part) throws JsonException {
        String name = part.string("behavior");
        return switch (name) {
            case "Removed" -> PreTokenizer.Behavior.REMOVED;
            case "Isolated" -> PreTokenizer.Behavior.ISOLATED;
            case "Contiguous" -> PreTokenizer.Behavior.CONTIGUOUS;
            case "MergedWithPrevious" -> PreTokenizer.Behavior.MERGED_WITH_PREVIOUS;
            case "MergedWithNext" -> PreTokenizer.Behavior.MERGED_WITH_NEXT;
            default -> throw unknown("behavior", name);
        };
    }

    private static String replacement(JsonObject part) throws JsonException {
        return isSet(part, "replacement") ? character(part, "replacement") : "\u2581";
    }

    private static PreTokenizer.Prepend prepend(JsonObject part) throws JsonException {
        String scheme = isSet(part, "prepend_scheme") ? part.string("prepend_scheme") : "always";
        if (isSet(part, "add_prefix_space") && !flag(part, "add_prefix_space") && !scheme.equals("never")) {
            throw new JsonException("member \"add_prefix_space\"", "true, or \"prepend_scheme\": \"never\" beside it", "false");
        }
        return switch (scheme) {
            case "always" -> PreTokenizer.Prepend.ALWAYS;
            case "first" -> PreTokenizer.Prepend.FIRST;
            case "never" -> PreTokenizer.Prepend.NEVER;
            default -> throw unknown("prepend_scheme", scheme);
        };
    }

    // ---- patterns ----

    private static TextPattern pattern(JsonObject part) throws JsonException {
        Json pattern = part.require("pattern");
        if (pattern instanceof JsonString literal) {
            return new TextPattern.Literal(literal.value());
        }
        JsonObject object = pattern.asObject("member \"pattern\"");
        if (object.has("String")) {
            return new TextPattern.Literal(object.string("String"));
        }
        String expression = object.string("Regex");
        Optional<PieceScanner> scanner = PieceScanner.of(expression);
        return scanner.isPresent() ? new TextPattern.Scanner(scanner.get()) : RegularExpression.of(expression);
    }

    // ---- models ----

    private static String modelType(JsonObject model) throws JsonException {
        if (isSet(model, "type")) {
            return model.string("type");
        }
        if (model.has("merges")) {
            return "BPE";
        }
        if (model.has("continuing_subword_prefix")) {
            return "WordPiece";
        }
        return model.get("vocab") instanceof JsonArray ? "Unigram" : "WordLevel";
    }

    private static TokenModel model(String type, JsonObject model, List<AddedToken> added) throws JsonException {
        return switch (type) {
            case "BPE" -> pairs(model);
            case "Unigram" -> unigram(model, added);
            case "WordPiece" -> wordPiece(model, added);
            case "WordLevel" -> {
                Vocabulary vocabulary = vocabulary(model);
                yield new TokenModel.WordLevel(vocabulary, model.string("unk_token"), special(added, vocabulary));
            }
            default -> throw unknown("model", type);
        };
    }

    private static TokenModel wordPiece(JsonObject model, List<AddedToken> added) throws JsonException {
        Vocabulary vocabulary = vocabulary(model);
        return new TokenModel.WordPiece(vocabulary, model.string("unk_token"), model.string("continuing_subword_prefix"),
                positive(model, "max_input_chars_per_word", 0), special(added, vocabulary));
    }

    /** Returns the ids of the special tokens that the vocabulary holds. */
    private static Set<Integer> special(List<AddedToken> added, Vocabulary vocabulary) {
        Set<Integer> special = new HashSet<>();
        for (AddedToken token : added) {
            int id = token.special ? vocabulary.id(token.content) : Vocabulary.MISSING;
            if (id != Vocabulary.MISSING) {
                special.add(id);
            }
        }
        return Set.copyOf(special);
    }

    private static Vocabulary vocabulary(JsonObject model) throws JsonException {
        return vocabulary(model.object("vocab").members());
    }

    /** Reads tokens with their ids. */
    static Vocabulary vocabulary(Map<String, Json> members) throws JsonException {
        Vocabulary.Builder tokens = new Vocabulary.Builder(members.size());
        for (Map.Entry<String, Json> entry : members.entrySet()) {
            tokens.add(entry.getKey(), vocabularyId(entry.getKey(), entry.getValue()));
        }
        Vocabulary vocabulary = tokens.build();
        int duplicate = vocabulary.duplicateId();
        if (duplicate != Vocabulary.MISSING) {
            throw new JsonException("vocabulary", "an id of its own for each token",
                    "two tokens with the id " + duplicate + ", one of them "
                    + JsonString.quote(vocabulary.token(duplicate)));
        }
        return vocabulary;
    }

    private static int vocabularyId(String token, Json value) throws JsonException {
        long id = value instanceof JsonNumber number && number.text().length() < 20 ? number.longValue("id of a token") : -1;
        if (id < 0 || id >= Integer.MAX_VALUE) {
            throw new JsonException("id of the token " + JsonString.quote(token), "a whole number from 0 to 2147483646", value.describe());
        }
        return (int) id;
    }

    private static TokenModel pairs(JsonObject model) throws JsonException {
        Vocabulary vocabulary = vocabulary(model);
        if (isSet(model, "dropout") && model.get("dropout").asDouble("member \"dropout\"") > 0) {
            throw new JsonException("member \"dropout\"", "none, since it makes results random", model.get("dropout").describe());
        }
        CharacterPairs.Options options = new CharacterPairs.Options(isSet(model, "unk_token") ? model.string("unk_token") : null,
                textOr(model, "continuing_subword_prefix", ""), textOr(model, "end_of_word_suffix", ""),
                flagOr(model, "fuse_unk", false), flagOr(model, "byte_fallback", false), flagOr(model, "ignore_merges", false));
        return new CharacterPairs(vocabulary, merges(model.array("merges"), vocabulary, options.prefix()), options);
    }

    private static BytePairs.Merges merges(JsonArray list, Vocabulary vocabulary, String prefix) throws JsonException {
        BytePairs.ListedMerges merges = new BytePairs.ListedMerges(list.size());
        for (int rank = 0; rank < list.size(); rank++) {
            Json merge = list.get(rank);
            if (merge instanceof JsonString string) {
                String line = string.value();
                if (line.startsWith("#version")) {
                    continue;
                }
                int space = line.indexOf(' ');
                if (space < 0 || line.indexOf(' ', space + 1) >= 0) {
                    throw new JsonException("merges[" + rank + "]", "two symbols", line.split(" ", -1).length + "");
                }
                addMerge(merges, vocabulary, prefix, line.substring(0, space), line.substring(space + 1), rank);
            } else {
                JsonArray pair = merge.asArray("merges[" + rank + "]");
                if (pair.size() != 2) {
                    throw new JsonException("merges[" + rank + "]", "two symbols", pair.size() + "");
                }
                addMerge(merges, vocabulary, prefix, pair.get(0).asString("merges[" + rank + "]"),
                        pair.get(1).asString("merges[" + rank + "]"), rank);
            }
        }
        return merges;
    }

    private static void addMerge(BytePairs.ListedMerges merges, Vocabulary vocabulary, String prefix, String left, String right, int rank)
            throws JsonException {
        String behind = !prefix.isEmpty() && right.startsWith(prefix) ? right.substring(prefix.length()) : right;
        String merged = left.concat(behind);
        int leftId = vocabulary.id(left);
        int rightId = vocabulary.id(right);
        int mergedId = vocabulary.id(merged);
        if (leftId < 0 || rightId < 0 || mergedId < 0) {
            String missing = leftId < 0 ? left : rightId < 0 ? right : merged;
            throw new JsonException("merges[" + rank + "]", "tokens of the vocabulary", JsonString.quote(missing) + ", which is none");
        }
        merges.add(leftId, rightId, rank, mergedId);
    }

    private static TokenModel unigram(JsonObject model, List<AddedToken> added) throws JsonException {
        JsonArray list = model.array("vocab");
        String[] tokens = new String[list.size()];
        double[] scores = new double[tokens.length];
        Map<String, Integer> ids = new HashMap<>();
        double lowest = Double.POSITIVE_INFINITY;
        for (int id = 0; id < tokens.length; id++) {
            JsonArray entry = list.get(id).asArray("vocab[" + id + "]");
            if (entry.size() != 2) {
                throw new JsonException("vocab[" + id + "]", "a token and its score", entry.size() + " values");
            }
            tokens[id] = entry.get(0).asString("vocab[" + id + "]");
            scores[id] = entry.get(1).asDouble("vocab[" + id + "]");
            lowest = Math.min(lowest, scores[id]);
            ids.put(tokens[id], id);
        }
        int unknown = isSet(model, "unk_id") ? model.integer("unk_id") : Vocabulary.MISSING;
        if (unknown >= tokens.length || isSet(model, "unk_id") && unknown < 0) {
            throw new JsonException("member \"unk_id\"", "an id below " + tokens.length, unknown + "");
        }
        BitSet special = new BitSet();
        for (AddedToken token : added) {
            if (token.special && ids.containsKey(token.content)) {
                special.set(ids.get(token.content));
            }
        }
        BitSet all = new BitSet();
        all.set(0, tokens.length);
        return new Unigram(tokens, scores, all, lowest, special,
                new Unigram.Options(unknown, flagOr(model, "byte_fallback", false), false, true));
    }

    // ---- post-processors ----

    private static PostProcessor postProcessor(JsonObject part, int depth) throws JsonException {
        if (part == null) {
            return PostProcessor.NONE;
        }
        String type = type(part, "post-processor", depth);
        return switch (type) {
            case "Sequence" -> {
                List<PostProcessor> processors = new ArrayList<>();
                for (Json each : part.array("processors")) {
                    processors.add(postProcessor(each.asObject("a post-processor"), depth + 1));
                }
                yield new PostProcessor.Sequence(List.copyOf(processors));
            }
            case "TemplateProcessing" -> template(part);
            case "BertProcessing" -> new PostProcessor.Bert(special(part, "cls"), special(part, "sep"));
            case "RobertaProcessing" -> roberta(part);
            case "ByteLevel" -> flag(part, "trim_offsets") ? new PostProcessor.TrimOffsets(flag(part, "add_prefix_space"))
                    : PostProcessor.NONE;
            default -> throw unknown("post-processor", type);
        };
    }

    private static PostProcessor roberta(JsonObject part) throws JsonException {
        PostProcessor.Special cls = special(part, "cls");
        PostProcessor.Special sep = special(part, "sep");
        if (!part.has("trim_offsets") && !part.has("add_prefix_space")) {
            return new PostProcessor.Bert(cls, sep);
        }
        PostProcessor.TrimOffsets trim = new PostProcessor.TrimOffsets(flag(part, "add_prefix_space"));
        return new PostProcessor.Roberta(cls, sep, flag(part, "trim_offsets") ? trim : null);
    }

    private static PostProcessor.Special special(JsonObject part, String name) throws JsonException {
        JsonArray pair = part.array(name);
        if (pair.size() != 2) {
            throw new JsonException("member \"" + name + "\"", "a token and its id", pair.size() + " values");
        }
        return PostProcessor.Special.of(pair.get(0).asString("member \"" + name + "\""), id(pair.get(1), "member \"" + name + "\""));
    }

    private static PostProcessor template(JsonObject part) throws JsonException {
        Map<String, PostProcessor.Special> specials = new HashMap<>();
        for (Map.Entry<String, Json> entry : part.object("special_tokens").members().entrySet()) {
            specials.put(entry.getKey(), specialTokens(entry.getKey(), entry.getValue().asObject("special token")));
        }
        return new PostProcessor.Template(places(part, "single", specials, false), places(part, "pair", specials, true), specials);
    }

    private static PostProcessor.Special specialTokens(String name, JsonObject special) throws JsonException {
        JsonArray ids = special.array("ids");
        JsonArray tokens = special.array("tokens");
        if (ids.size() != tokens.size()) {
            throw new JsonException("special token " + JsonString.quote(name), "as many ids as tokens",
                    ids.size() + " and " + tokens.size());
        }
        int[] values = new int[ids.size()];
        String[] names = new String[values.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = id(ids.get(i), "id of the special token " + JsonString.quote(name));
            names[i] = tokens.get(i).asString("special token " + JsonString.quote(name));
        }
        return new PostProcessor.Special(values, names);
    }

    private static List<PostProcessor.Place> places(JsonObject part, String name, Map<String, PostProcessor.Special> specials,
            boolean isPair) throws JsonException {
        List<PostProcessor.Place> places = new ArrayList<>();
        for (Json each : part.array(name)) {
            JsonObject place = each.asObject("a place of \"" + name + "\"");
            if (place.has("Sequence")) {
                JsonObject sequence = place.object("Sequence");
                String id = sequence.string("id");
                if (!id.equals("A") && !(isPair && id.equals("B"))) {
                    throw new JsonException("sequence in \"" + name + "\"", isPair ? "A or B" : "A", JsonString.quote(id));
                }
                places.add(new PostProcessor.Place(id.equals("A") ? 0 : 1, null, typeId(sequence)));
            } else {
                JsonObject token = place.object("SpecialToken");
                String id = token.string("id");
                if (!specials.containsKey(id)) {
                    throw new JsonException("special token in \"" + name + "\"", "one of " + specials.keySet(), JsonString.quote(id));
                }
                places.add(new PostProcessor.Place(-1, id, typeId(token)));
            }
        }
        return List.copyOf(places);
    }

    private static int typeId(JsonObject place) throws JsonException {
        return place.has("type_id") ? id(place.get("type_id"), "member \"type_id\"") : 0;
    }

    // ---- decoders ----

    private static TokenDecoder decoder(JsonObject part, int depth) throws JsonException {
        if (part == null) {
            return new TokenDecoder.Spaces();
        }
        String type = type(part, "decoder", depth);
        return switch (type) {
            case "Sequence" -> {
                List<TokenDecoder> decoders = new ArrayList<>();
                for (Json each : part.array("decoders")) {
                    decoders.add(decoder(each.asObject("a decoder"), depth + 1));
                }
                yield new TokenDecoder.Sequence(List.copyOf(decoders));
            }
            case "ByteLevel" -> new TokenDecoder.ByteLevel();
            case "ByteFallback" -> new TokenDecoder.ByteFallback();
            case "Fuse" -> new TokenDecoder.Fuse();
            case "Strip" -> new TokenDecoder.Strip(character(part, "content").codePointAt(0), count(part, "start"), count(part, "stop"));
            case "Replace" -> new TokenDecoder.Replace(pattern(part), part.string("content"));
            case "Metaspace" -> new TokenDecoder.Metaspace(replacement(part), prepend(part) != PreTokenizer.Prepend.NEVER);
            case "WordPiece" -> new TokenDecoder.WordPiece(part.string("prefix"), flag(part, "cleanup"));
            case "BPEDecoder" -> new TokenDecoder.WordSuffix(part.string("suffix"));
            case "CTC" -> new TokenDecoder.Ctc(part.string("pad_token"), part.string("word_delimiter_token"), flag(part, "cleanup"));
            default -> throw unknown("decoder", type);
        };
    }

    // ---- values ----

    private static String type(JsonObject part, String what, int depth) throws JsonException {
        if (depth > DEEPEST) {
            throw new JsonException(what, "at most " + DEEPEST + " sequences in one another", "more");
        }
        return part.string("type");
    }

    private static JsonException unknown(String what, String name) {
        return new JsonException(what, "one that Jot knows", JsonString.quote(name));
    }

    private static boolean isSet(JsonObject part, String name) {
        return part.has(name) && !(part.get(name) instanceof JsonNull);
    }

    private static boolean flag(JsonObject part, String name) throws JsonException {
        return part.require(name).asBoolean("member \"" + name + "\"");
    }

    private static boolean flagOr(JsonObject part, String name, boolean otherwise) throws JsonException {
        return isSet(part, name) ? flag(part, name) : otherwise;
    }

    private static String textOr(JsonObject part, String name, String otherwise) throws JsonException {
        return isSet(part, name) ? part.string(name) : otherwise;
    }

    private static String character(JsonObject part, String name) throws JsonException {
        String text = part.string(name);
        if (text.codePointCount(0, text.length()) != 1) {
            throw new JsonException("member \"" + name + "\"", "one character", JsonString.quote(text));
        }
        return text;
    }

    private static int id(Json value, String place) throws JsonException {
        int id = value.asInt(place);
        if (id < 0) {
            throw new JsonException(place, "a number of 0 or more", id + "");
        }
        return id;
    }

    private static int count(JsonObject part, String name) throws JsonException {
        return id(part.require(name), "member \"" + name + "\"");
    }

    /** Returns a number above 0; {@code otherwise} counts where it is missing, unless that is 0. */
    private static int positive(JsonObject part, String name, int otherwise) throws JsonException {
        if (otherwise > 0 && !isSet(part, name)) {
            return otherwise;
        }
        int value = count(part, name);
        if (value == 0 && otherwise > 0) {
            throw new JsonException("member \"" + name + "\"", "a number above 0", "0");
        }
        return value;
    }
}
