package jot.tokenizer;

import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * Tokens that are found in the text before anything else and never split: special tokens and others that were added to a model.
 *
 * <p>They are found from left to right; of several that match at one place, the longest. Immutable and thread-safe.
 */
final class AddedTokens {
    /** No added tokens. */
    static final AddedTokens NONE = of(List.of());

    /**
     * One added token.
     *
     * @param content the text that it is written as
     * @param id its id
     * @param singleWord whether it only counts with no word character beside it
     * @param leftStrip whether it takes the white space before it
     * @param rightStrip whether it takes the white space behind it
     * @param normalized whether it is found in the normalized text, in normalized form, rather than in the raw text
     * @param special whether it stands for something other than text
     */
    record Token(String content, int id, boolean singleWord, boolean leftStrip, boolean rightStrip, boolean normalized,
            boolean special) {
        /** A special token without further flags. */
        static Token special(String content, int id) {
            return new Token(content, id, false, false, false, false, true);
        }
    }

    /** Receives a text in order: stretches without added tokens, and added tokens with the white space they took. */
    interface Visitor {
        void stretch(int from, int to);

        void token(Token token, int from, int to);
    }

    private final Map<Integer, Token> byId;
    private final Map<String, Token> byContent;
    /** The form in which each token is found and decoded. */
    private final Map<Integer, String> forms;
    private final Node raw;
    private final Node normalized;

    private AddedTokens(Map<Integer, Token> byId, Map<String, Token> byContent, Map<Integer, String> forms, Node raw, Node normalized) {
        this.byId = byId;
        this.byContent = byContent;
        this.forms = forms;
        this.raw = raw;
        this.normalized = normalized;
    }

    /** Collects tokens that are found as they are written. */
    static AddedTokens of(Collection<Token> tokens) {
        return of(tokens, UnaryOperator.identity());
    }

    /** Returns these tokens and others that are known by their ids, but never found in a text. */
    AddedTokens withHidden(Collection<Token> hidden) {
        AddedTokens all = of(hidden);
        Map<Integer, Token> ids = new LinkedHashMap<>(all.byId);
        ids.putAll(byId);
        Map<String, Token> contents = new HashMap<>(all.byContent);
        contents.putAll(byContent);
        Map<Integer, String> allForms = new HashMap<>(all.forms);
        allForms.putAll(forms);
        return new AddedTokens(ids, contents, allForms, raw, normalized);
    }

    /** Collects tokens; those with {@code normalized} are found in the form that the normalizer gives their content. */
    static AddedTokens of(Collection<Token> tokens, UnaryOperator<String> normalizer) {
        Map<Integer, Token> byId = new LinkedHashMap<>();
        Map<String, Token> byContent = new HashMap<>();
        Map<Integer, String> forms = new HashMap<>();
        for (Token token : tokens) {
            byId.put(token.id(), token);
            byContent.put(token.content(), token);
            forms.put(token.id(), token.normalized() ? normalizer.apply(token.content()) : token.content());
        }
        Node raw = new Node();
        Node normalized = new Node();
        for (Token token : byId.values()) {
            (token.normalized() ? normalized : raw).add(forms.get(token.id()), token);
        }
        return new AddedTokens(byId, byContent, forms, raw, normalized);
    }

    Collection<Token> tokens() {
        return byId.values();
    }

    /** Returns the added token of an id, or null. */
    Token token(int id) {
        return byId.get(id);
    }

    /** Returns the added token of a content, or null. */
    Token token(String content) {
        return byContent.get(content);
    }

    /** Returns the text that an id is decoded to, or null if it is no added token's. */
    String decodedForm(int id) {
        return forms.get(id);
    }

    /** Returns whether decoding without special tokens leaves this id out: its decoded form is the content of a special token. */
    boolean isLeftOut(int id) {
        String form = forms.get(id);
        Token token = form == null ? null : byContent.get(form);
        return token != null && token.special();
    }

    /** Returns the highest id, -1 if there is none. */
    int highestId() {
        return byId.keySet().stream().mapToInt(Integer::intValue).max().orElse(-1);
    }

    /**
     * Finds added tokens in a text.
     *
     * @param inNormalized whether the text is normalized: finds the tokens with that flag, else those without
     * @param plain whether special tokens are thrown away where they match
     */
    void find(String text, boolean inNormalized, boolean plain, Visitor visitor) {
        Node root = inNormalized ? normalized : raw;
        int done = 0;
        int at = root.isLeaf() ? text.length() : 0;
        while (at < text.length()) {
            at = root.next(text, at);
            Node match = at < text.length() ? root.longestMatch(text, at) : null;
            if (match == null) {
                at++;
                continue;
            }
            int start = at;
            int end = at + match.depth;
            at = end;
            Token token = match.token;
            if (plain && token.special() || token.singleWord() && !standsAlone(text, start, end)) {
                continue;
            }
            if (token.leftStrip()) {
                start = Math.max(spaceBefore(text, start), done);
            }
            if (token.rightStrip()) {
                end = spaceBehind(text, end);
            }
            if (done < start) {
                visitor.stretch(done, start);
            }
            visitor.token(token, Math.min(start, end), end);
            done = end;
        }
        if (done < text.length()) {
            visitor.stretch(done, text.length());
        }
    }

    /** Returns where the longest token at a place of a normalized text ends; the place itself if there is none. */
    int longestAt(String text, int at) {
        Node match = normalized.isLeaf() ? null : normalized.longestMatch(text, at);
        return match == null ? at : at + match.depth;
    }

    private static boolean standsAlone(String text, int start, int end) {
        return (start == 0 || !Characters.isWord(text.codePointBefore(start)))
                && (end == text.length() || !Characters.isWord(text.codePointAt(end)));
    }

    private static int spaceBefore(String text, int index) {
        int start = index;
        while (start > 0 && Characters.isSpace(text.charAt(start - 1))) {
            start--;
        }
        return start;
    }

    private static int spaceBehind(String text, int index) {
        int end = index;
        while (end < text.length() && Characters.isSpace(text.charAt(end))) {
            end++;
        }
        return end;
    }

    /** A node of the tree of all contents, by UTF-16 units. */
    private static final class Node {
        private static final Node[] NO_CHILDREN = {};

        private final int depth;
        /** Sorted; beside it the child of each. */
        private char[] units = {};
        private Node[] children = NO_CHILDREN;
        private Token token;

        private Node() {
            this(0);
        }

        private Node(int depth) {
            this.depth = depth;
        }

        private boolean isLeaf() {
            return children.length == 0;
        }

        private void add(String content, Token added) {
            Node node = this;
            for (int i = 0; i < content.length(); i++) {
                node = node.childOrNew(content.charAt(i));
            }
            if (node != this) {
                node.token = added;
            }
        }

        private Node childOrNew(char unit) {
            int at = Arrays.binarySearch(units, unit);
            if (at >= 0) {
                return children[at];
            }
            int place = ~at;
            units = Arrays.copyOf(units, units.length + 1);
            children = Arrays.copyOf(children, children.length + 1);
            System.arraycopy(units, place, units, place + 1, units.length - place - 1);
            System.arraycopy(children, place, children, place + 1, children.length - place - 1);
            units[place] = unit;
            children[place] = new Node(depth + 1);
            return children[place];
        }

        private Node child(char unit) {
            if (units.length == 1) {
                return units[0] == unit ? children[0] : null;
            }
            int at = Arrays.binarySearch(units, unit);
            return at < 0 ? null : children[at];
        }

        /** Returns the next index at which a content may begin; the length of the text if there is none. */
        private int next(String text, int at) {
            if (units.length != 1) {
                return at;
            }
            int next = text.indexOf(units[0], at);
            return next < 0 ? text.length() : next;
        }

        private Node longestMatch(String text, int at) {
            Node longest = null;
            Node node = child(text.charAt(at));
            int next = at + 1;
            while (node != null) {
                if (node.token != null) {
                    longest = node;
                }
                node = next < text.length() ? node.child(text.charAt(next++)) : null;
            }
            return longest;
        }
    }
}
